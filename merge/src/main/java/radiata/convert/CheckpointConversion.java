package radiata.convert;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;
import java.util.regex.Pattern;
import radiata.bake.Quantised;
import radiata.convert.folder.PipelineFolder;
import radiata.convert.folder.Prediction;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Layout;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.CheckpointWriter;
import radiata.safetensors.DType;
import radiata.safetensors.OutputPlan;
import radiata.safetensors.OutputPlan.GeneratedFile;
import radiata.safetensors.Replace;
import radiata.safetensors.Shape;
import radiata.safetensors.provenance.Provenance;

/// Converts a whole checkpoint: from torch to safetensors by writing it, to another dtype, to other
/// shards, between LDM and diffusers.
public final class CheckpointConversion {
  private static final Pattern OTHER_FORMAT = Pattern.compile(".*\\.(ckpt|pt|pth|bin)");
  private static final List<String> LDM_PARTS =
      List.of(
          "model.diffusion_model.",
          "cond_stage_model.",
          "conditioner.embedders.",
          "first_stage_model.");
  private static final String UNET_STEM = "diffusion_pytorch_model";
  private static final String ENCODER_STEM = "model";
  private static final long VOCABULARY = 49_408;

  private CheckpointConversion() {}

  /// The plan of a conversion. Of the tensors' bytes it reads those of one small norm, where that
  /// tells what a Stable Diffusion 2 predicts.
  ///
  /// @param output the output's path as the user wrote it
  /// @throws ConversionException if the input cannot be converted so
  public static ConversionPlan plan(Checkpoint input, ConversionRequest request, Path output)
      throws IOException {
    if (OTHER_FORMAT.matcher(String.valueOf(output.getFileName())).matches()) {
      throw new ConversionException(
          output, null, "only safetensors are written; name a .safetensors file or a folder");
    }
    boolean layoutChanges = changes(input, request.layout());
    if (layoutChanges || request.dtype().isPresent()) {
      refuseCodes(input);
    }
    if (!layoutChanges) {
      return KeptLayout.plan(input, request, ConversionProvenance.of(input, request), output);
    }
    Sorted sorted = Sorted.of(input);
    return switch (request.layout()) {
      case KEEP -> throw new IllegalStateException("a kept layout does not change");
      case LDM -> toLdm(input, sorted, request, output);
      case DIFFUSERS -> toDiffusers(input, sorted, request, output);
    };
  }

  /// Carries a plan out. The input must still be open.
  ///
  /// @param progress told of every run of bytes that has been written, by any thread; all of them
  ///   are a little less than [ConversionPlan#outputBytes]
  /// @throws radiata.safetensors.SafetensorsException if the output cannot be written; nothing then
  ///   stands under its name
  public static ConversionReport run(
      ConversionPlan plan, Path output, Replace replace, int threads, LongConsumer progress)
      throws IOException {
    try (CheckpointWriter writer = CheckpointWriter.sealed(output, plan.output(), replace);
        Converter converter = new Converter(writer, progress)) {
      ConversionReport report = new ConversionReport(converter.run(plan.steps(), threads));
      writer.commit((file, written) ->
          plan.provenance().with(written.checksums()).in(written.header().metadata()));
      return report;
    }
  }

  private static boolean changes(Checkpoint input, TargetLayout target) {
    return switch (target) {
      case KEEP -> false;
      case LDM -> input.layout() == Layout.DIFFUSERS || !ldm(input);
      case DIFFUSERS -> input.layout() != Layout.DIFFUSERS;
    };
  }

  private static boolean ldm(Checkpoint input) {
    return input.tensors().stream()
        .anyMatch(stored -> LDM_PARTS.stream().anyMatch(stored.name()::startsWith));
  }

  /// Weights that are codes mean nothing without their scales, which would be rounded or left
  /// behind.
  private static void refuseCodes(Checkpoint input) {
    Optional<Stored> code =
        Quantised.find(input)
            .or(() ->
                input.tensors().stream()
                    .filter(stored ->
                        stored.name().equals("scaled_fp8")
                            || stored.name().endsWith(".scale_weight"))
                    .findFirst());
    if (code.isPresent()) {
      throw new ConversionException(
          input.path(),
          code.get().name(),
          "a quantised model (%s): its weights are codes with scales, which have no other dtype or layout; take the unquantised model"
              .formatted(code.get().name()));
    }
  }

  private static ConversionPlan toLdm(
      Checkpoint input, Sorted sorted, ConversionRequest request, Path output) throws IOException {
    Predicted predicted = Predictions.ofFolder(input, request);
    LayoutChange change = ToLdm.of(input.path(), sorted, request, predicted);
    Map<String, String> metadata = predicting(predicted, metadata(input));
    Provenance provenance = ConversionProvenance.of(input, request);
    OutputFiles files = new OutputFiles(provenance, request);
    boolean folder = request.maxShardBytes().isPresent();
    if (folder) {
      if (String.valueOf(output.getFileName()).endsWith(".safetensors")) {
        throw new ConversionException(
            output,
            null,
            "shards and their index need a folder; name one, not a .safetensors file");
      }
      files.component(Path.of(""), ENCODER_STEM, change.made(), metadata, request.maxShardBytes());
    } else {
      files.file(Path.of(""), change.made(), metadata);
    }
    OutputPlan plan =
        folder
            ? new OutputPlan(true, files.files(), List.of(), files.indexes())
            : OutputPlan.file(files.files().getFirst().header());
    return plan(input, sorted, change, files, change.warnings(), provenance, plan);
  }

  private static ConversionPlan toDiffusers(
      Checkpoint input, Sorted sorted, ConversionRequest request, Path output) throws IOException {
    if (String.valueOf(output.getFileName()).endsWith(".safetensors")) {
      throw new ConversionException(
          output, null, "a diffusers model is a folder; name one, not a .safetensors file");
    }
    LayoutChange change = ToDiffusers.of(input.path(), sorted, request);
    Predicted predicted = Predictions.ofLdm(input, sorted.family(), request);
    Map<String, List<Made>> components = ToDiffusers.byComponent(change.made());
    List<GeneratedFile> texts = new ArrayList<>(texts(input, sorted, predicted, components));
    List<String> warnings = new ArrayList<>(change.warnings());
    warnings.addAll(said(sorted, predicted, components));
    Provenance provenance = ConversionProvenance.of(input, request);
    OutputFiles files = new OutputFiles(provenance, request);
    components.forEach((name, made) -> {
      boolean encoder = name.startsWith("text_encoder");
      Map<String, String> metadata =
          name.equals("unet") ? metadata(input) : Map.<String, String>of();
      files.component(
          Path.of(name),
          encoder ? ENCODER_STEM : UNET_STEM,
          made,
          metadata,
          request.maxShardBytes());
    });
    texts.addAll(files.indexes());
    OutputPlan plan = new OutputPlan(true, files.files(), List.of(), texts);
    return plan(input, sorted, change, files, warnings, provenance, plan);
  }

  /// What tells of a whole model: the metadata of its UNet, or of its first file.
  private static Map<String, String> metadata(Checkpoint input) {
    return input.parts().stream()
        .filter(part -> part.component().equals("unet"))
        .findFirst()
        .orElse(input.parts().getFirst())
        .file()
        .metadata();
  }

  /// The metadata with what the scheduler's config said, which an LDM checkpoint has no other place
  /// for.
  private static Map<String, String> predicting(Predicted predicted, Map<String, String> of) {
    if (predicted.prediction() == Prediction.EPSILON && !of.containsKey(Predictions.SPEC)) {
      return of;
    }
    Map<String, String> metadata = new HashMap<>(of);
    metadata.put(
        Predictions.SPEC,
        switch (predicted.prediction()) {
          case EPSILON -> "epsilon";
          case V -> "v";
        });
    return metadata;
  }

  private static List<GeneratedFile> texts(
      Checkpoint input, Sorted sorted, Predicted predicted, Map<String, List<Made>> components)
      throws IOException {
    Map<String, PipelineFolder.Component> parts = new LinkedHashMap<>();
    components.forEach((name, made) -> {
      Map<String, Shape> shapes = new HashMap<>();
      made.forEach(tensor -> shapes.put(tensor.spec().name(), tensor.spec().shape()));
      DType dtype = made.getFirst().spec().dtype();
      parts.put(name, new PipelineFolder.Component(shapes, dtype));
    });
    try {
      return new PipelineFolder(
              sorted.family(), predicted.prediction(), predicted.zeroTerminalSnr(), parts)
          .texts();
    } catch (IllegalArgumentException e) {
      throw new ConversionException(input.path(), null, String.valueOf(e.getMessage()));
    }
  }

  private static List<String> said(
      Sorted sorted, Predicted predicted, Map<String, List<Made>> components) {
    List<String> said = new ArrayList<>();
    said.add(
        "the scheduler is one for a model that predicts %s: %s"
            .formatted(
                switch (predicted.prediction()) {
                  case EPSILON -> "the noise (epsilon)";
                  case V -> "v";
                },
                predicted.because()));
    for (String component : ToDiffusers.components(sorted.names())) {
      List<Made> made = components.get(component);
      if (made == null) {
        said.add(
            "the checkpoint has no %s; a pipeline has to be given one when the folder is loaded"
                .formatted(component));
        continue;
      }
      for (Made tensor : made) {
        boolean embedding = tensor.spec().name().endsWith("token_embedding.weight");
        if (embedding && tensor.spec().shape().dim(0) != VOCABULARY) {
          said.add(
              "%s has %,d tokens, the tokenizer beside it %,d"
                  .formatted(component, tensor.spec().shape().dim(0), VOCABULARY));
        }
      }
    }
    return said;
  }

  private static ConversionPlan plan(
      Checkpoint input,
      Sorted sorted,
      LayoutChange change,
      OutputFiles files,
      List<String> warnings,
      Provenance provenance,
      OutputPlan output) {
    return new ConversionPlan(
        input.path(),
        Optional.of(sorted.family().family()),
        files.steps(),
        change.dropped(),
        change.added(),
        warnings,
        provenance,
        output);
  }
}
