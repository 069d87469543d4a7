package radiata.train.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import radiata.train.model.UnetConfig.Attention;
import radiata.train.nn.NetworkException;

final class UnetConfigTest {
  private static final String SDXL =
      """
      {"down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
       "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
       "block_out_channels": [320, 640, 1280], "layers_per_block": 2,
       "transformer_layers_per_block": [1, 2, 10], "attention_head_dim": [5, 10, 20],
       "cross_attention_dim": 2048, "use_linear_projection": true,
       "addition_embed_type": "text_time", "addition_time_embed_dim": 256,
       "resnet_time_scale_shift": "default", "class_embed_type": null, "upcast_attention": null
      """;

  private static UnetConfig parse(String more) {
    return UnetConfig.parse(SDXL + more + "}", "unet/config.json");
  }

  @Test
  void readsTheConfigOfSdxl() {
    UnetConfig config = parse("");
    assertThat(config.levels())
        .containsExactly(
            new UnetConfig.Level(2, null, null),
            new UnetConfig.Level(2, new Attention(2, 10), new Attention(2, 10)),
            new UnetConfig.Level(2, new Attention(10, 20), new Attention(10, 20)));
    assertThat(config.middle()).isEqualTo(new Attention(10, 20));
    assertThat(config.addition()).isEqualTo(256);
    assertThat(config.context()).isEqualTo(2048);
    assertThat(config.upcast()).isFalse();
  }

  @Test
  void aListOfTheOneValueThatIsBuiltIsThatValue() {
    assertThat(parse(", \"only_cross_attention\": [false, false, false]")).isEqualTo(parse(""));
  }

  @ParameterizedTest
  @CsvSource({
    "class_embed_type, '\"timestep\"'",
    "encoder_hid_dim_type, '\"text_proj\"'",
    "dual_cross_attention, true",
    "only_cross_attention, '[true, false, false]'",
    "resnet_time_scale_shift, '\"scale_shift\"'",
    "attention_type, '\"gated\"'",
    "time_cond_proj_dim, 256",
    "addition_embed_type, '\"image\"'",
    "mid_block_type, '\"UNetMidBlock2D\"'",
    "num_attention_heads, 8",
    "act_fn, '\"gelu\"'",
    "block_out_channels, '[320]'",
    "block_out_channels, '[320, 640, \"wide\"]'",
    "block_out_channels, 320",
    "layers_per_block, 2.5",
    "layers_per_block, -1",
    "attention_head_dim, 7",
    "cross_attention_dim, '[2048, 768, 768]'",
    "down_block_types, '[\"DownBlock2D\", \"AttnDownBlock2D\", \"DownBlock2D\"]'",
    "up_block_types, '[\"UpBlock2D\"]'",
  })
  void refusesWhatItDoesNotBuildByNameOfTheMember(String key, String value) {
    String config = SDXL.replaceAll("\"" + key + "\": (\\[[^]]*\\]|[^,\\n]*),?", "");
    assertThatThrownBy(() ->
            UnetConfig.parse(
                (config.stripTrailing() + ",\n\"" + key + "\": " + value + "}")
                    .replaceAll(",\\s*,", ","),
                "unet/config.json"))
        .isInstanceOf(NetworkException.class)
        .hasMessageStartingWith("unet/config.json: ")
        .hasMessageNotContaining("\n");
  }

  @ParameterizedTest
  @CsvSource({"''", "'['", "'[]'", "'{\"a\": '", "null"})
  void refusesWhatIsNoJsonObject(String text) {
    assertThatThrownBy(() -> UnetConfig.parse(text, "unet/config.json"))
        .isInstanceOf(NetworkException.class)
        .hasMessageStartingWith("unet/config.json is not");
  }
}
