package radiata.safetensors.provenance;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DerivedMetadataTest {
  private static final Map<String, String> MODEL =
      Map.of(
          "modelspec.sai_model_spec", "1.0.1",
          "modelspec.title", "Base",
          "modelspec.date", "2024-01-01",
          "modelspec.merged_from", "Old",
          "modelspec.unet_dtype", "fp16",
          "modelspec.hash_sha256", "0x" + "1".repeat(64),
          "sshs_model_hash", "2".repeat(64),
          "radiata", "{}",
          "own", "kept");

  private static DerivedMetadata derived(boolean sameData, boolean sameDtypes, boolean hashes) {
    return new DerivedMetadata(
        List.of("Base", "Style"), Optional.empty(), sameData, sameDtypes, hashes);
  }

  @Test
  void dropsWhatIsNotTrueOfOtherData() {
    assertThat(derived(false, true, false).of(MODEL))
        .containsOnly(
            Map.entry("modelspec.sai_model_spec", "1.0.1"),
            Map.entry("modelspec.title", "Base"),
            Map.entry("modelspec.merged_from", "Old, Base, Style"),
            Map.entry("modelspec.unet_dtype", "fp16"),
            Map.entry("own", "kept"),
            Map.entry("format", "pt"));
    assertThat(derived(false, false, false).of(MODEL)).doesNotContainKey("modelspec.unet_dtype");
  }

  @Test
  void keepsHashesOfTheSameDataAndReservesRoomForRenewedOnes() {
    assertThat(derived(true, true, false).of(MODEL))
        .containsEntry("sshs_model_hash", "2".repeat(64))
        .containsKey("modelspec.hash_sha256");
    assertThat(derived(false, true, true).of(MODEL))
        .containsEntry("sshs_model_hash", "0".repeat(64))
        .containsEntry("modelspec.hash_sha256", "0x" + "0".repeat(64));
  }

  @Test
  void aDateIsWhatTheUserSaid() {
    DerivedMetadata dated =
        new DerivedMetadata(List.of(), Optional.of("2026-05-12"), false, true, false);
    assertThat(dated.of(Map.of()))
        .containsOnly(Map.entry("modelspec.date", "2026-05-12"), Map.entry("format", "pt"));
    assertThat(dated.of(Map.of("format", "np"))).containsEntry("format", "np");
  }
}
