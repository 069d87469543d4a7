package radiata.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.convert.ConvertedModels.convert;
import static radiata.convert.ConvertedModels.list;
import static radiata.convert.ConvertedModels.open;
import static radiata.convert.ConvertedModels.random;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.DType;
import radiata.safetensors.convert.Widen;

/// The tensors that the layouts store differently, element by element.
class MadeTensorsTest {
  private static final String OPEN_CLIP = "conditioner.embedders.1.model.";
  private static final int WIDTH = 20;

  @TempDir Path folder;
  private Path ldm;
  private Path pipeline;

  @BeforeEach
  void convertAnSdxl() throws IOException {
    ldm =
        random(
            folder.resolve("in.safetensors"),
            list("sdmecha__sdxl-sgm.tsv", DType.F32, 64),
            Map.of());
    pipeline = folder.resolve("pipeline");
    convert(ldm, ConversionRequest.to(TargetLayout.DIFFUSERS), pipeline, 2);
  }

  private static double[] values(Path model, String component, String name) throws IOException {
    try (Checkpoint checkpoint = open(model)) {
      Stored stored = checkpoint.tensor(component, name).orElseThrow();
      byte[] bytes = new byte[(int) stored.info().bytes()];
      stored.part().file().read(stored.info(), 0, MemorySegment.ofArray(bytes));
      double[] values = new double[(int) stored.info().shape().elements()];
      Widen.toDoubles(
          MemorySegment.ofArray(bytes), 0, stored.info().dtype(), values, 0, values.length);
      return values;
    }
  }

  private static String shape(Path model, String component, String name) throws IOException {
    try (Checkpoint checkpoint = open(model)) {
      return checkpoint.tensor(component, name).orElseThrow().info().shape().toString();
    }
  }

  @Test
  void cutsInProjectionsIntoQueryKeyAndValue() throws IOException {
    double[] fused = values(ldm, "", OPEN_CLIP + "transformer.resblocks.5.attn.in_proj_weight");
    double[] bias = values(ldm, "", OPEN_CLIP + "transformer.resblocks.5.attn.in_proj_bias");
    String[] parts = {"q_proj", "k_proj", "v_proj"};
    for (int third = 0; third < 3; third++) {
      String path = "text_model.encoder.layers.5.self_attn." + parts[third];
      int size = WIDTH * WIDTH;
      assertThat(values(pipeline, "text_encoder_2", path + ".weight"))
          .isEqualTo(Arrays.copyOfRange(fused, third * size, (third + 1) * size));
      assertThat(values(pipeline, "text_encoder_2", path + ".bias"))
          .isEqualTo(Arrays.copyOfRange(bias, third * WIDTH, (third + 1) * WIDTH));
    }
  }

  @Test
  void turnsTheTextProjection() throws IOException {
    double[] stored = values(ldm, "", OPEN_CLIP + "text_projection");
    double[] turned = values(pipeline, "text_encoder_2", "text_projection.weight");
    for (int row = 0; row < WIDTH; row++) {
      for (int column = 0; column < WIDTH; column++) {
        assertThat(turned[column * WIDTH + row]).isEqualTo(stored[row * WIDTH + column]);
      }
    }
  }

  @Test
  void takesTheLastDimensionsOffTheAttentionOfTheAutoencoder() throws IOException {
    String conv = "first_stage_model.decoder.mid.attn_1.proj_out.weight";
    String linear = "decoder.mid_block.attentions.0.to_out.0.weight";
    assertThat(shape(ldm, "", conv)).isEqualTo("[8, 8, 1, 1]");
    assertThat(shape(pipeline, "vae", linear)).isEqualTo("[8, 8]");
    assertThat(values(pipeline, "vae", linear)).isEqualTo(values(ldm, "", conv));
  }

  @Test
  void countsTheDecodersLevelsFromTheInside() throws IOException {
    assertThat(values(pipeline, "vae", "decoder.up_blocks.0.resnets.1.conv2.weight"))
        .isEqualTo(values(ldm, "", "first_stage_model.decoder.up.3.block.1.conv2.weight"));
    assertThat(values(pipeline, "vae", "decoder.up_blocks.2.upsamplers.0.conv.weight"))
        .isEqualTo(values(ldm, "", "first_stage_model.decoder.up.1.upsample.conv.weight"));
    assertThat(values(pipeline, "vae", "encoder.down_blocks.2.downsamplers.0.conv.bias"))
        .isEqualTo(values(ldm, "", "first_stage_model.encoder.down.2.downsample.conv.bias"));
  }
}
