package radiata.cli.fuzz;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import radiata.adapter.file.AdapterFile;
import radiata.safetensors.DType;
import radiata.safetensors.Header;
import radiata.safetensors.Limits;
import radiata.safetensors.SafetensorsException;
import radiata.safetensors.SafetensorsFile;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.TensorSpec;

/// The reader of adapters: sound containers whose names, shapes, types and settings make no sense.
final class AdapterTarget implements Target {
  private static final List<String> WORDS =
      List.of(
          "lora_up.weight",
          "lora_down.weight",
          "lora_mid.weight",
          "lora_A.weight",
          "lora_B.default.weight",
          "lora.up.weight",
          "lora_magnitude_vector",
          "dora_scale",
          "magnitude",
          "alpha",
          "scale",
          "hada_w1_a",
          "hada_t1",
          "lokr_w1",
          "lokr_w2_a",
          "lokr_t2",
          "oft_blocks",
          "rescale",
          "on_input",
          "weight",
          "diff",
          "diff_b",
          "w_norm",
          "a1.weight",
          "lora_unet_",
          "lora_te_",
          "lora_te1_",
          "lycoris_",
          "base_model.model.",
          "transformer.",
          "diffusion_model.",
          "unet.",
          "text_encoder.",
          "unet.unet.",
          "down_blocks_0_attentions_0",
          "double_blocks.0.img_attn.qkv",
          "bundle_emb.x.",
          "emb_params",
          "<s1>",
          "..",
          ".",
          "",
          "\u001b[2J",
          "\n",
          "0",
          "_",
          "__metadata__");
  private static final List<String> SETTINGS =
      List.of(
          "\"r\":",
          "\"lora_alpha\":",
          "0",
          "-1",
          "1e400",
          "NaN",
          "null",
          "{}",
          "[]",
          "\"\"",
          "\"(a+)+$\"",
          "\"use_dora\":true",
          "\"use_rslora\":true",
          "\"rank_pattern\":{\"x\":1}",
          "\"alpha_pattern\":{\"[\":1}",
          "\"fan_in_fan_out\":true",
          "\"bias\":\"all\"",
          "\"peft_type\":\"LOHA\"",
          "\"layer_replication\":[[0,1]]",
          "\\ud800",
          "{",
          "}",
          ",");

  private record Seed(List<TensorSpec> specs, Map<String, String> metadata) {}

  private final List<Seed> seeds = new ArrayList<>();
  private final List<byte[]> configs;

  AdapterTarget(Path testdata) throws IOException {
    Path cases = testdata.resolve("golden/bake");
    try (Stream<Path> files = Files.walk(cases)) {
      for (Path file :
          files
              .filter(f -> f.getFileName().toString().matches("adapter.*\\.safetensors"))
              .sorted()
              .toList()) {
        try (SafetensorsFile open = SafetensorsFile.open(file)) {
          seeds.add(
              new Seed(open.tensors().stream().map(TensorInfo::spec).toList(), open.metadata()));
        }
      }
    }
    this.configs = Target.seeds(cases, "adapter.*_config\\.json", 16_000);
  }

  @Override
  public Path write(RandomGenerator random, Path folder) throws IOException {
    Path file = folder.resolve("input.safetensors");
    Path config = folder.resolve("adapter_config.json");
    Files.deleteIfExists(config);
    if (random.nextBoolean()) {
      byte[] settings = Target.pick(configs, random);
      Mutator mutator = new Mutator(random, SETTINGS, settings);
      Target.fresh(config, random.nextInt(4) == 0 ? settings : mutator.mutate(settings));
    }
    return Target.fresh(file, container(random));
  }

  private byte[] container(RandomGenerator random) {
    Seed seed = seeds.get(random.nextInt(seeds.size()));
    List<TensorSpec> specs = new ArrayList<>(seed.specs());
    for (int edits = 1 + random.nextInt(6); edits > 0; edits--) {
      edit(specs, random);
    }
    try {
      Header header = Header.canonical(specs, seed.metadata());
      if (header.dataBytes() > 1 << 20) {
        return new byte[8];
      }
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      out.writeBytes(header.bytes());
      byte[] data = new byte[(int) header.dataBytes()];
      if (random.nextBoolean()) {
        random.nextBytes(data);
      }
      out.writeBytes(data);
      return out.toByteArray();
    } catch (SafetensorsException e) {
      return new byte[8];
    }
  }

  private void edit(List<TensorSpec> specs, RandomGenerator random) {
    Seed other = seeds.get(random.nextInt(seeds.size()));
    if (specs.isEmpty()) {
      specs.addAll(other.specs());
    }
    int at = random.nextInt(specs.size());
    TensorSpec spec = specs.get(at);
    switch (random.nextInt(7)) {
      case 0 -> specs.remove(at);
      case 1 ->
          specs.set(at, new TensorSpec(name(spec.name(), random), spec.dtype(), spec.shape()));
      case 2 -> specs.add(new TensorSpec(name(spec.name(), random), spec.dtype(), spec.shape()));
      case 3 ->
          specs.set(at, new TensorSpec(spec.name(), spec.dtype(), shape(spec.shape(), random)));
      case 4 -> {
        DType dtype = DType.values()[random.nextInt(DType.values().length)];
        specs.set(at, new TensorSpec(spec.name(), dtype, spec.shape()));
      }
      case 5 -> specs.add(other.specs().get(random.nextInt(other.specs().size())));
      default ->
          specs.set(
              at,
              new TensorSpec(
                  spec.name(),
                  spec.dtype(),
                  other.specs().get(random.nextInt(other.specs().size())).shape()));
    }
  }

  private static String name(String name, RandomGenerator random) {
    String word = WORDS.get(random.nextInt(WORDS.size()));
    int dot = name.lastIndexOf('.');
    return switch (random.nextInt(5)) {
      case 0 -> word + name;
      case 1 -> name + "." + word;
      case 2 -> (dot < 0 ? name : name.substring(0, dot)) + "." + word;
      case 3 -> {
        int from = random.nextInt(name.length() + 1);
        yield name.substring(0, from) + word + name.substring(from);
      }
      default ->
          new String(
              new Mutator(random, WORDS, name.getBytes(StandardCharsets.UTF_8))
                  .mutate(name.getBytes(StandardCharsets.UTF_8)),
              StandardCharsets.UTF_8);
    };
  }

  private static Shape shape(Shape shape, RandomGenerator random) {
    long[] dims = shape.dims();
    if (dims.length == 0 || random.nextInt(4) == 0) {
      long[] longer = java.util.Arrays.copyOf(dims, random.nextInt(6));
      for (int i = dims.length; i < longer.length; i++) {
        longer[i] = 1 + random.nextInt(3);
      }
      return Shape.of(longer);
    }
    long[] values = {0, 1, 2, 3, 4, 8, 1L << 31, 1L << 62};
    dims[random.nextInt(dims.length)] = values[random.nextInt(values.length)];
    return Shape.of(dims);
  }

  @Override
  public void open(Path input) throws IOException {
    try (AdapterFile adapter = AdapterFile.open(input, Limits.DEFAULT, null)) {
      int sum =
          Stream.of(
                  adapter.modules().stream().mapToInt(module -> module.tensors().size()),
                  adapter.unsupported().stream().mapToInt(module -> module.tensors().size()),
                  adapter.misfits().stream().mapToInt(module -> module.tensors().size()))
              .mapToInt(java.util.stream.IntStream::sum)
              .sum();
      int all = sum + adapter.ignored().size() + adapter.unrecognised().size();
      if (all != adapter.file().tensors().size()) {
        throw new IllegalStateException(
            "%d tensors are accounted for, the file has %d"
                .formatted(all, adapter.file().tensors().size()));
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }
}
