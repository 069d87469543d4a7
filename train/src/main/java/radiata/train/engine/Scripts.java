package radiata.train.engine;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/// The operations of libtorch that DJL does not offer, as one TorchScript archive. An archive is a
/// stored zip of four entries: the source of a class, an instance of it in pickle protocol 2, an
/// empty tuple of constants, and a version (PyTorch 2.5 and 2.7 `torch/csrc/jit/serialization`).
final class Scripts {
  static final String SOURCE =
      """
      class Ops(Module):
        __parameters__ = []
        __buffers__ = []
        training : bool
        def silu(self: __torch__.Ops, x: Tensor) -> Tensor:
          return torch.silu(x)
        def addcmul(self: __torch__.Ops, x: Tensor, a: Tensor, b: Tensor) -> Tensor:
          return torch.addcmul(x, a, b)
        def gelu_tanh(self: __torch__.Ops, x: Tensor) -> Tensor:
          return torch.gelu(x, approximate="tanh")
        def quick_gelu(self: __torch__.Ops, x: Tensor) -> Tensor:
          return torch.mul(x, torch.sigmoid(torch.mul(x, 1.702)))
        def geglu(self: __torch__.Ops, x: Tensor) -> Tensor:
          a, g, = torch.chunk(x, 2, -1)
          return torch.mul(a, torch.gelu(g))
        def swiglu(self: __torch__.Ops, g: Tensor, u: Tensor) -> Tensor:
          return torch.mul(torch.silu(g), u)
        def group_norm(self: __torch__.Ops, x: Tensor, groups: int, w: Tensor, b: Tensor, eps: float) -> Tensor:
          return torch.group_norm(x, groups, w, b, eps, False)
        def rms_norm(self: __torch__.Ops, x: Tensor, w: Tensor, eps: float) -> Tensor:
          return torch.mul(w, torch.mul(x, torch.rsqrt(torch.add(torch.mean(torch.mul(x, x), [-1], True), eps))))
        def attention(self: __torch__.Ops, q: Tensor, k: Tensor, v: Tensor, causal: bool) -> Tensor:
          return torch.scaled_dot_product_attention(q, k, v, None, 0., causal)
        def masked_attention(self: __torch__.Ops, q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
          return torch.scaled_dot_product_attention(q, k, v, mask, 0., False)
        def rotate(self: __torch__.Ops, x: Tensor, c: Tensor, s: Tensor) -> Tensor:
          a, b, = torch.chunk(x, 2, -1)
          return torch.add(torch.mul(x, c), torch.mul(torch.cat([torch.neg(b), a], -1), s))
        def repeat_heads(self: __torch__.Ops, x: Tensor, times: int) -> Tensor:
          return torch.repeat_interleave(x, times, 1)
        def cross_entropy(self: __torch__.Ops, logits: Tensor, labels: Tensor) -> Tensor:
          return torch.cross_entropy_loss(logits, labels, None, 2, -100, 0.)
        def cast(self: __torch__.Ops, x: Tensor, dtype: int) -> Tensor:
          return torch.to(x, dtype)
        def reinterpret(self: __torch__.Ops, x: Tensor, dtype: int) -> Tensor:
          return torch.set_(torch.empty([0], dtype=dtype, device=ops.prim.device(x)), x)
        def contiguous(self: __torch__.Ops, x: Tensor) -> Tensor:
          return torch.contiguous(x)
        def copied(self: __torch__.Ops, x: Tensor) -> Tensor:
          return torch.clone(torch.contiguous(x))
        def reciprocal(self: __torch__.Ops, x: Tensor) -> Tensor:
          return torch.reciprocal(x)
        def clamp_min(self: __torch__.Ops, x: Tensor, least: float) -> Tensor:
          return torch.clamp_min(x, least)
        def clamp(self: __torch__.Ops, x: Tensor, least: float, most: float) -> Tensor:
          return torch.clamp(x, least, most)
        def argmax(self: __torch__.Ops, x: Tensor) -> Tensor:
          return torch.argmax(x, -1, False)
        def select(self: __torch__.Ops, x: Tensor, at: Tensor) -> Tensor:
          return torch.select(torch.gather(x, 1, torch.expand(torch.view(at, [-1, 1, 1]), [-1, 1, torch.size(x, 2)])), 1, 0)
        def pad(self: __torch__.Ops, x: Tensor, by: List[int]) -> Tensor:
          return torch.constant_pad_nd(x, by, 0.)
        def norms(self: __torch__.Ops, x: List[Tensor]) -> Tensor:
          return torch.stack(torch._foreach_norm(x, 2))
        def scale_all(self: __torch__.Ops, x: List[Tensor], by: Tensor) -> Tensor:
          torch._foreach_mul_(x, by)
          return by
        def adamw(self: __torch__.Ops, p: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], none: List[Tensor], steps: List[Tensor], lr: float, b1: float, b2: float, decay: float, eps: float) -> Tensor:
          torch._foreach_add_(steps, 1)
          torch._fused_adamw_(p, g, m, v, none, steps, lr=lr, beta1=b1, beta2=b2, weight_decay=decay, eps=eps, amsgrad=False, maximize=False, grad_scale=None, found_inf=None)
          return steps[0]
        def copy_into(self: __torch__.Ops, x: Tensor, from_: Tensor) -> Tensor:
          return torch.copy_(x, from_)
        def finite(self: __torch__.Ops, x: Tensor) -> Tensor:
          return torch.all(torch.isfinite(x))
        def in_graph(self: __torch__.Ops, x: Tensor) -> Tensor:
          return torch.tensor(ops.prim.requires_grad(x), dtype=11, device=torch.device("cpu"), requires_grad=False)
        def linspace(self: __torch__.Ops, a: float, b: float, n: int) -> Tensor:
          return torch.linspace(a, b, n, dtype=6, layout=None, device=None, pin_memory=None)
        def cumprod(self: __torch__.Ops, x: Tensor) -> Tensor:
          return torch.cumprod(x, 0, dtype=None)
      """;

  private Scripts() {}

  /// An instance of `__torch__.Ops` whose state is `{'training': False}`.
  private static byte[] instance() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(new byte[] {(byte) 0x80, 2});
    out.writeBytes("c__torch__\nOps\n".getBytes(StandardCharsets.US_ASCII));
    out.writeBytes(new byte[] {')', (byte) 0x81, '}', 'X', 8, 0, 0, 0});
    out.writeBytes("training".getBytes(StandardCharsets.US_ASCII));
    out.writeBytes(new byte[] {(byte) 0x89, 's', 'b', '.'});
    return out.toByteArray();
  }

  static InputStream archive() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      store(zip, "ops/data.pkl", instance());
      store(zip, "ops/code/__torch__.py", SOURCE.getBytes(StandardCharsets.US_ASCII));
      store(zip, "ops/constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'});
      store(zip, "ops/version", new byte[] {'1', '0', '\n'});
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new ByteArrayInputStream(bytes.toByteArray());
  }

  private static void store(ZipOutputStream zip, String name, byte[] content) throws IOException {
    ZipEntry entry = new ZipEntry(name);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(content.length);
    CRC32 crc = new CRC32();
    crc.update(content);
    entry.setCrc(crc.getValue());
    entry.setTime(0);
    zip.putNextEntry(entry);
    zip.write(content);
    zip.closeEntry();
  }
}
