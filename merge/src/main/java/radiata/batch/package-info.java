/// Many jobs from one manifest: what they are ([Manifest]), which machine does which ([Shard]), and
/// doing them ([Batch]).
@NullMarked
package radiata.batch;

import org.jspecify.annotations.NullMarked;
