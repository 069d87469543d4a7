/// Files that `torch.save` writes, read without Python and without executing anything: zip archives
/// (since PyTorch 1.6) and the older streams of pickles. A pickle is run by a machine that knows no
/// object and calls nothing; of the names it may mention those that build tensors mean something
/// here, a list of others is passed over, and every other one is refused. Start at
/// [TorchFile][radiata.safetensors.torch.TorchFile].
@NullMarked
package radiata.safetensors.torch;

import org.jspecify.annotations.NullMarked;
