package radiata.train.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import radiata.names.Family;
import radiata.names.Role;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.Limits;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorSpec;
import radiata.train.engine.Device;
import radiata.train.engine.Scope;
import radiata.train.engine.Segments;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;
import radiata.train.nn.NetworkException;
import radiata.train.sample.Euler;
import radiata.train.sample.NoiseSchedule;
import radiata.train.sample.Prediction;
import radiata.train.sample.Sampling;
import radiata.train.text.TextEncoding;

/// Whole models in single files, with all their blocks and a tenth of their widths.
final class DiffusionModelTest {
  @TempDir Path folder;

  private final Torch torch = Torch.on(Device.CPU);

  private Checkpoint file(List<TensorSpec> specs) throws IOException {
    Path file = SmallModels.write(folder.resolve("model.safetensors"), SmallModels.narrow(specs));
    return Checkpoint.open(file, Limits.DEFAULT);
  }

  private Texts texts(DiffusionModel model, int skip) {
    List<ClipText> encoders = new ArrayList<>();
    List<List<Tensor>> ids = new ArrayList<>();
    for (Role role : model.textEncoders()) {
      encoders.add(model.text(role, DType.F32));
      Tensor piece = torch.of(new long[77], 1, 77);
      ids.add(List.of(piece, piece));
    }
    return new TextEncoding(model.family(), encoders, skip).encode(ids, Segments.PLAIN);
  }

  private static void decodes(DiffusionModel model, Tensor latents) {
    Vae vae = model.vae(DType.F32);
    Tensor pictures = vae.decode(latents);
    assertThat(pictures.shape())
        .isEqualTo(Shape.of(1, 3, 8 * latents.size(2), 8 * latents.size(3)));
    assertThat(vae.encode(pictures).mean().shape()).isEqualTo(latents.shape());
  }

  private void samples(Unet unet, UnetInput input, Texts texts) {
    NoiseSchedule schedule = NoiseSchedule.scaledLinear(torch, Prediction.EPSILON);
    Sampling sampling = new Sampling(unet, new Euler(schedule, 2), 5, input.sizes());
    Tensor noise = input.sample();
    Tensor made = sampling.run(noise, texts, texts, (step, x) -> {});
    assertThat(made.shape()).isEqualTo(noise.shape());
    // The same text on both sides leaves nothing to go past.
    Sampling plain = new Sampling(unet, new Euler(schedule, 2), 1, input.sizes());
    double far =
        made.minus(plain.run(noise, texts, texts, (step, x) -> {})).square().mean().number();
    assertThat(far).isLessThan(1e-9 * made.square().mean().number());
  }

  @Test
  void sdxlReadsTwoTextsTheirVectorAndSizes() throws IOException {
    try (Checkpoint checkpoint = file(SmallModels.list("sdmecha__sdxl-sgm.tsv"));
        DiffusionModel model = DiffusionModel.of(checkpoint, torch);
        Scope _ = Scope.open()) {
      assertThat(model.family()).isEqualTo(Family.SDXL);
      Texts texts = texts(model, 1);
      assertThat(texts.context().shape()).isEqualTo(Shape.of(1, 152, 64 + 128));
      assertThat(texts.pooled()).isNotNull();
      Unet unet = model.unet(DType.F32);
      assertThat(unet.config().levels())
          .extracting(UnetConfig.Level::down)
          .containsExactly(null, new UnetConfig.Attention(2, 1), new UnetConfig.Attention(10, 2));
      assertThat(unet.config().addition()).isEqualTo(256);
      assertThat(unet.layers().projections()).hasSize(743 + 51);
      UnetInput input =
          new UnetInput(
              torch.full(0.5, DType.F32, 1, 4, 5, 4),
              torch.of(new long[] {500}, 1),
              texts.context(),
              texts.pooled(),
              torch.of(new float[] {40, 32, 0, 0, 40, 32}, 1, 6),
              null);
      Tensor predicted = unet.forward(input, Segments.PLAIN, Unet.UNWATCHED);
      assertThat(predicted.shape()).isEqualTo(Shape.of(1, 4, 5, 4));
      assertThat(predicted.isFinite()).isTrue();
      UnetInput without = new UnetInput(input.sample(), input.timesteps(), input.context());
      assertThatThrownBy(() -> unet.forward(without, Segments.PLAIN, Unet.UNWATCHED))
          .isInstanceOf(NetworkException.class)
          .hasMessageContaining("sizes");
      samples(unet, input, texts);
      decodes(model, predicted);
      assertThat(model.vae(DType.F32).config().scale()).isEqualTo(0.13025);
    }
  }

  @Test
  void sd2HasLinearLayersAroundAttentionAndNeverRunsItsLastTextLayer() throws IOException {
    try (Checkpoint checkpoint = file(SmallModels.sd2());
        DiffusionModel model = DiffusionModel.of(checkpoint, torch);
        Scope _ = Scope.open()) {
      assertThat(model.family()).isEqualTo(Family.SD2);
      Texts texts = texts(model, 1);
      assertThat(texts.context().shape()).isEqualTo(Shape.of(1, 152, 128));
      assertThat(texts.pooled()).isNull();
      ClipConfig text = model.text(Role.TEXT_ENCODER, DType.F32).config();
      assertThat(text).isEqualTo(new ClipConfig(23, 2, false, 1e-5, 2));
      Unet unet = model.unet(DType.F32);
      assertThat(unet.config().linear()).isTrue();
      assertThat(unet.config().upcast()).isTrue();
      assertThat(unet.config().middle()).isEqualTo(new UnetConfig.Attention(1, 2));
      assertThat(unet.layers().projections()).hasSize(216 + 66);
      Tensor predicted =
          unet.forward(
              new UnetInput(
                  torch.full(0.5, DType.F32, 1, 4, 8, 8),
                  torch.of(new long[] {500}, 1),
                  texts.context()),
              Segments.PLAIN,
              Unet.UNWATCHED);
      assertThat(predicted.shape()).isEqualTo(Shape.of(1, 4, 8, 8));
      assertThat(predicted.isFinite()).isTrue();
      decodes(model, predicted);
    }
  }

  @Test
  void sd1InOneFileHasEightHeadsAndKernelsAroundAttention() throws IOException {
    try (Checkpoint checkpoint = file(SmallModels.list("sdmecha__sd1-ldm.tsv"));
        DiffusionModel model = DiffusionModel.of(checkpoint, torch);
        Scope _ = Scope.open()) {
      Unet unet = model.unet(DType.F32);
      assertThat(unet.config().linear()).isFalse();
      assertThat(unet.config().middle()).isEqualTo(new UnetConfig.Attention(1, 8));
      assertThat(unet.layers().projections()).hasSize(184 + 98);
      assertThat(model.text(Role.TEXT_ENCODER, DType.F32).config())
          .isEqualTo(new ClipConfig(12, 1, true, 1e-5, 2));
      assertThat(model.vae(DType.F32).config()).isEqualTo(new VaeConfig(4, 2, 32, 0.18215));
    }
  }

  @Test
  void anotherFamilyIsRefusedByName() throws IOException {
    List<TensorSpec> specs = SmallModels.list("sdmecha__flux-flux.tsv");
    Path file = SmallModels.hollow(folder.resolve("flux.safetensors"), specs);
    try (Checkpoint checkpoint = Checkpoint.open(file, Limits.DEFAULT)) {
      assertThatThrownBy(() -> DiffusionModel.of(checkpoint, torch))
          .isInstanceOf(NetworkException.class)
          .hasMessageContaining("flux.safetensors is a model of the family flux");
    }
  }
}
