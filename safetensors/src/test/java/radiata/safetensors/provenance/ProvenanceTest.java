package radiata.safetensors.provenance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import radiata.safetensors.Checksums;
import radiata.safetensors.SafetensorsException;

class ProvenanceTest {
  private static final String A = "a".repeat(64);
  private static final String B = "b".repeat(64);
  private static final String TEXT =
      "{\"schema\":1,\"version\":\"1.2\",\"recipe\":{\"command\":\"bake\",\"settings\":{\"dtype\":\"keep\",\"runtime\":\"exact\"}},"
          + "\"inputs\":[{\"role\":\"base\",\"settings\":{},\"files\":[{\"bytes\":7,\"header\":\"%s\"}]},"
          + "{\"role\":\"adapter\",\"settings\":{\"strength\":\"0.8\"},\"files\":[{\"bytes\":9,\"sha256\":\"%s\"}]}],"
          + "\"crc32c\":\"AQIDBAAAAAA=\"}";

  private static Provenance provenance() {
    return new Provenance(
        "1.2",
        new Recipe("bake", Map.of("runtime", "exact", "dtype", "keep")),
        List.of(
            new Input("base", Map.of(), List.of(source(7, A, null))),
            new Input("adapter", Map.of("strength", "0.8"), List.of(source(9, null, B)))),
        Checksums.of(0x01020304, 0));
  }

  private static Source source(long bytes, String header, String sha256) {
    return new Source(bytes, Optional.ofNullable(header), Optional.ofNullable(sha256));
  }

  private static Provenance parse(String text) {
    return ProvenanceText.parse(Path.of("x.safetensors"), text);
  }

  @Test
  void hasOneText() {
    String text = TEXT.formatted(A, B);
    assertThat(provenance().text()).isEqualTo(text);
    assertThat(parse(text)).isEqualTo(provenance());
  }

  @Test
  void theTextKeepsItsLengthWhenItIsFilledIn() {
    Provenance known = provenance();
    Input base = new Input("base", Map.of(), List.of(source(7, A, null).withRoom()));
    Provenance room = known.with(List.of(base)).with(Checksums.unknown(2));
    Input filled = new Input("base", Map.of(), List.of(source(7, A, null).with(B)));
    assertThat(known.with(List.of(filled)).text()).hasSameSizeAs(room.text());
    assertThat(base.files().getFirst().wanting()).isTrue();
    assertThat(filled.files().getFirst().wanting()).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"schema\":1 | \"schema\":2 | knows 1",
        "\"schema\":1 | \"schema\":1.5 | no whole number",
        "{\"schema\" | { \"schema\" | has been edited",
        "\"version\":\"1.2\" | \"version\":1 | no text",
        "\"version\":\"1.2\", | `` | \"version\" is missing",
        "\"bytes\":7 | \"bytes\":\"7\" | no whole number",
        "\"bytes\":7 | \"bytes\":7.0 | no whole number",
        "\"bytes\":7 | \"bytes\":7,\"more\":1 | has been edited",
        "AQIDBAAAAAA= | AQIDBAAA | no list of checksums",
        "aaaa | AAAA | no sha256",
        "\"settings\":{} | \"settings\":[] | is no provenance",
        "AAA=\"} | AAA=\"}} | is no provenance",
      })
  void refusesEveryOtherText(String part, String other, String why) {
    String text = TEXT.formatted(A, B);
    assertThat(text).contains(part);
    assertThatThrownBy(() -> parse(text.replace(part, other)))
        .isInstanceOf(SafetensorsException.class)
        .hasMessageStartingWith("metadata \"radiata\"")
        .hasMessageContaining(why)
        .hasMessageNotContaining("\n");
  }

  @Test
  void deepNestingIsRefusedWithoutOverflow() {
    assertThatThrownBy(() -> parse("{\"schema\":" + "[".repeat(100_000)))
        .isInstanceOf(SafetensorsException.class);
  }

  @Test
  void aJobIsTheSameWhenRecipeAndInputsAre() {
    Provenance one = provenance();
    assertThat(one.sameJob(one.with(Checksums.unknown(0)))).isTrue();
    Provenance newer = new Provenance("2", one.recipe(), one.inputs(), one.checksums());
    assertThat(one.sameJob(newer)).isTrue();
    assertThat(one.sameJob(with(source(7, A, B), source(9, null, B)))).isTrue();
    assertThat(one.sameJob(with(source(7, B, null), source(9, null, B)))).isFalse();
    assertThat(one.sameJob(with(source(7, null, A), source(9, null, B)))).isFalse();
    assertThat(one.sameJob(with(source(8, A, null), source(9, null, B)))).isFalse();
    assertThat(one.sameJob(with(source(7, A, null), source(9, null, A)))).isFalse();
    assertThat(one.sameJob(one.with(one.inputs().subList(0, 1)))).isFalse();
    Recipe other = new Recipe("bake", Map.of("runtime", "comfyui", "dtype", "keep"));
    assertThat(one.sameJob(new Provenance("1.2", other, one.inputs(), one.checksums()))).isFalse();
  }

  private static Provenance with(Source base, Source adapter) {
    return provenance()
        .with(
            List.of(
                new Input("base", Map.of(), List.of(base)),
                new Input("adapter", Map.of("strength", "0.8"), List.of(adapter))));
  }

  @Test
  void numbersHaveOneSpelling() {
    assertThat(Recipe.number(1.0)).isEqualTo("1");
    assertThat(Recipe.number(-0.8)).isEqualTo("-0.8");
    assertThat(Recipe.number(1e300)).isEqualTo("1.0E300");
  }
}
