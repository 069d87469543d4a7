import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorSpec;

/// Real models by name and shape: every tensor of a checkpoint, and the tensors that a DoRA of rank
/// 32 on its UNet has.
final class Models {
  private static final Path KEYS = Path.of("testdata/real/keys");
  private static final String UNET = "model.diffusion_model.";
  private static final int RANK = 32;

  /// What trainers leave alone although it is a matrix: the embeddings of time and labels, and the
  /// first and the last convolution.
  private static final Pattern UNTRAINED =
      Pattern.compile(".*emb_layers.*|.*time_embed.*|.*label_emb.*|input_blocks\\.0\\.0|out\\.2");

  private Models() {}

  /// A checkpoint of that model as it is handed round: text encoders, VAE and UNet in F16, without
  /// the averaged copy of the UNet that training keeps, sampling schedules and flags.
  static List<TensorSpec> checkpoint(String model) throws IOException {
    String file = model.equals("sdxl") ? "sdmecha__sdxl-sgm.tsv" : "sdmecha__sd1-ldm.tsv";
    try (Stream<String> lines = Files.lines(KEYS.resolve(file))) {
      return lines
          .filter(line -> !line.startsWith("#"))
          .map(line -> line.split("\t", -1))
          .filter(row -> row[3].startsWith("clip") || row[3].equals("vae") || required(row))
          .map(row -> new TensorSpec(row[0], dtype(row[2]), shape(row[1])))
          .toList();
    }
  }

  private static boolean required(String[] row) {
    return row[3].equals("diffuser") && row[4].isEmpty();
  }

  /// A DoRA with one magnitude for each output, in kohya's names: for SD1 those of diffusers, for
  /// SDXL those of the checkpoint itself.
  static List<TensorSpec> dora(String model) throws IOException {
    Map<String, String> diffusers = model.equals("sdxl") ? Map.of() : diffusersNames();
    List<TensorSpec> tensors = new ArrayList<>();
    for (TensorSpec base : checkpoint(model)) {
      if (!base.name().startsWith(UNET)
          || !base.name().endsWith(".weight")
          || base.shape().rank() < 2) {
        continue;
      }
      String path = base.name().substring(UNET.length(), base.name().lastIndexOf('.'));
      if (!UNTRAINED.matcher(path).matches()) {
        String name = "lora_unet_" + diffusers.getOrDefault(path, path).replace('.', '_');
        tensors.addAll(dora(name, base.shape().dims()));
      }
    }
    return tensors;
  }

  private static List<TensorSpec> dora(String name, long[] weight) {
    long[] down = weight.clone();
    down[0] = RANK;
    long[] up = LongStream.range(0, weight.length).map(i -> 1).toArray();
    up[0] = weight[0];
    long[] magnitude = up.clone();
    up[1] = RANK;
    return List.of(
        half(name + ".alpha"),
        half(name + ".dora_scale", magnitude),
        half(name + ".lora_down.weight", down),
        half(name + ".lora_up.weight", up));
  }

  /// The UNet of Stable Diffusion 1 as diffusers has it, in F32.
  static List<TensorSpec> unet() throws IOException {
    Map<String, String> names = diffusersNames();
    return checkpoint("sd15").stream()
        .filter(tensor -> tensor.name().startsWith(UNET))
        .map(tensor -> {
          String name = tensor.name().substring(UNET.length());
          int dot = name.lastIndexOf('.');
          return new TensorSpec(
              names.get(name.substring(0, dot)) + name.substring(dot), DType.F32, tensor.shape());
        })
        .toList();
  }

  /// A Llama of 8 layers that are 512 wide, in F32.
  static List<TensorSpec> llama() {
    List<TensorSpec> tensors = new ArrayList<>();
    tensors.add(full("model.embed_tokens.weight", 8192, 512));
    for (int i = 0; i < 8; i++) {
      String layer = "model.layers." + i + ".";
      tensors.add(full(layer + "input_layernorm.weight", 512));
      tensors.add(full(layer + "self_attn.q_proj.weight", 512, 512));
      tensors.add(full(layer + "self_attn.k_proj.weight", 256, 512));
      tensors.add(full(layer + "self_attn.v_proj.weight", 256, 512));
      tensors.add(full(layer + "self_attn.o_proj.weight", 512, 512));
      tensors.add(full(layer + "post_attention_layernorm.weight", 512));
      tensors.add(full(layer + "mlp.gate_proj.weight", 1408, 512));
      tensors.add(full(layer + "mlp.up_proj.weight", 1408, 512));
      tensors.add(full(layer + "mlp.down_proj.weight", 512, 1408));
    }
    tensors.add(full("model.norm.weight", 512));
    tensors.add(full("lm_head.weight", 8192, 512));
    return tensors;
  }

  private static TensorSpec full(String name, long... shape) {
    return new TensorSpec(name, DType.F32, Shape.of(shape));
  }

  private static TensorSpec half(String name, long... shape) {
    return new TensorSpec(name, DType.F16, Shape.of(shape));
  }

  private static Map<String, String> diffusersNames() throws IOException {
    JsonObject map;
    try (Reader reader = Files.newBufferedReader(KEYS.resolve("aitoolkit__keymap_sd1.json"))) {
      map = JsonParser.parseReader(reader).getAsJsonObject();
    }
    return map.getAsJsonObject("ldm_diffusers_keymap").entrySet().stream()
        .filter(entry -> entry.getKey().startsWith(UNET) && entry.getKey().endsWith(".weight"))
        .collect(
            Collectors.toMap(
                entry -> module(entry.getKey(), UNET),
                entry -> module(entry.getValue().getAsString(), "unet_")));
  }

  private static String module(String tensor, String prefix) {
    return tensor.substring(prefix.length(), tensor.lastIndexOf('.'));
  }

  private static DType dtype(String torch) {
    return torch.startsWith("int") ? DType.I64 : DType.F16;
  }

  private static Shape shape(String list) {
    String inner = list.substring(1, list.length() - 1);
    return Shape.of(
        inner.isEmpty()
            ? new long[0]
            : Stream.of(inner.split(", *")).mapToLong(Long::parseLong).toArray());
  }
}
