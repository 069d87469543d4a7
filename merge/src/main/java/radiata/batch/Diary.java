package radiata.batch;

import java.io.IOException;
import java.util.List;
import java.util.function.Function;

/// Passes what becomes of jobs on, to the journal first.
final class Diary {
  private final Journal journal;
  private final Function<Exception, String> words;
  private final Batch.Listener listener;
  private long done;
  private long skipped;
  private long failed;

  Diary(Journal journal, Function<Exception, String> words, Batch.Listener listener) {
    this.journal = journal;
    this.words = words;
    this.listener = listener;
  }

  /// What an earlier run knew of a finished output: the hashes of its headers.
  List<String> known(Job job) {
    return journal.headers(job);
  }

  void progress(long bytes) {
    listener.progress(bytes);
  }

  void started(Job job) throws IOException {
    journal.started(job);
  }

  void over(Job job, Result.Done result, List<String> headers) throws IOException {
    done++;
    journal.done(job, result.bytes(), headers);
    listener.over(job, result);
  }

  void over(Job job, Result.Skipped result, List<String> headers) throws IOException {
    skipped++;
    journal.skipped(job, result.why(), headers);
    listener.progress(result.bytes());
    listener.over(job, result);
  }

  void failed(Job job, Exception why) throws IOException {
    failed++;
    journal.failed(job, words.apply(why));
    listener.over(job, new Result.Failed(why));
  }

  long done() {
    return done;
  }

  long skipped() {
    return skipped;
  }

  long failed() {
    return failed;
  }
}
