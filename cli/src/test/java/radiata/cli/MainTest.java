package radiata.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.cli.Ran.radiata;

import com.google.gson.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import radiata.cli.command.Command;
import radiata.cli.command.Commands;

class MainTest {
  static java.util.List<String> commands() {
    return Commands.all().stream().map(Command::name).toList();
  }

  @Test
  void showsAllCommandsWhenNoneIsGiven() {
    Ran ran = radiata();

    assertThat(ran.exit()).isZero();
    assertThat(ran.err()).isEmpty();
    assertThat(ran.out()).startsWith("usage: radiata <command>");
    commands().forEach(command -> assertThat(ran.out()).contains("\n  " + command + " "));
    assertThat(radiata("help")).isEqualTo(ran);
    assertThat(radiata("--help")).isEqualTo(ran);
    assertThat(radiata("-h")).isEqualTo(ran);
  }

  @Test
  void printsNameVersionAndJdk() {
    Ran ran = radiata("--version");

    assertThat(ran.exit()).isZero();
    assertThat(ran.out()).matches("radiata \\S+ \\(JDK 2\\d\\S* ?.*\\)\n");
  }

  @ParameterizedTest
  @MethodSource("commands")
  void showsTheSameHelpOfACommandInEveryWay(String command) {
    Ran ran = radiata("help", command);

    assertThat(ran.exit()).isZero();
    assertThat(ran.out()).startsWith("usage: radiata " + command);
    assertThat(ran.out().indexOf("Examples")).isLessThan(ran.out().indexOf("Common options"));
    assertThat(radiata(command, "-h")).isEqualTo(ran);
    assertThat(radiata(command, "--help")).isEqualTo(ran);
    assertThat(radiata("-h", command)).isEqualTo(ran);
  }

  @ParameterizedTest
  @MethodSource("commands")
  void keepsHelpWithinTheWidthOfTheTerminal(String command) {
    assertThat(radiata("help", command).out().lines().filter(line -> !line.contains("  radiata ")))
        .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
  }

  @ParameterizedTest
  @CsvSource({
    "verfy, verify", "compre, compare", "cmpare, compare", "doctro, doctor", "DOCTOR, doctor",
    "comple, completion"
  })
  void namesTheNearestCommand(String typed, String meant) {
    Ran ran = radiata(typed);

    assertThat(ran.exit()).isEqualTo(2);
    assertThat(ran.out()).isEmpty();
    assertThat(ran.err())
        .isEqualTo("radiata: unknown command '%s'; the nearest is '%s'\n".formatted(typed, meant));
  }

  @ParameterizedTest
  @CsvSource({"--atoll, --atol", "--jsn, --json", "--quite, --quiet", "-Q, -q", "--rtoll=1, --rtol"})
  void namesTheNearestOption(String typed, String meant) {
    Ran ran = radiata("compare", typed, "a", "b");

    assertThat(ran.exit()).isEqualTo(2);
    assertThat(ran.err())
        .isEqualTo(
            "radiata compare: unknown option '%s'; the nearest is '%s'\n"
                .formatted(typed.replaceAll("=.*", ""), meant));
  }

  @Test
  void refusesAnUnknownOptionBeforeTheCommand() {
    Ran ran = radiata("--jsn", "doctor");

    assertThat(ran.exit()).isEqualTo(2);
    assertThat(ran.err()).isEqualTo("radiata: unknown option '--jsn'; the nearest is '--json'\n");
  }

  @Test
  void takesCommonOptionsBeforeAndAfterTheCommand() {
    assertThat(radiata("--json", "--threads", "1", "doctor").json().get("threads").getAsInt())
        .isEqualTo(1);
    assertThat(radiata("doctor", "--json", "--threads=1").json().get("threads").getAsInt())
        .isEqualTo(1);
    assertThat(radiata("--threads", "3", "doctor", "--threads", "2", "--json").json())
        .satisfies(doctor -> assertThat(doctor.get("threads").getAsInt()).isEqualTo(2));
  }

  @ParameterizedTest
  @ValueSource(strings = {"abc", "1.5", "0x2", ""})
  void refusesThreadsThatAreNoNumber(String value) {
    Ran ran = radiata("doctor", "--threads=" + value);

    assertThat(ran.exit()).isEqualTo(2);
    assertThat(ran.err())
        .isEqualTo("radiata doctor: --threads: '%s' is not a number\n".formatted(value));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-1", "99999999999"})
  void refusesThreadsOutOfRange(String value) {
    Ran ran = radiata("doctor", "--threads", value);

    assertThat(ran.exit()).isEqualTo(2);
    assertThat(ran.err())
        .isEqualTo(
            "radiata doctor: --threads: '%s' is not a whole number from 1 to 2147483647\n"
                .formatted(value));
  }

  @Test
  void namesAnOptionWhoseValueIsMissing() {
    Ran ran = radiata("compare", "a", "b", "--atol");

    assertThat(ran.exit()).isEqualTo(2);
    assertThat(ran.err()).isEqualTo("radiata compare: --atol: a value is missing (X)\n");
  }

  @Test
  void namesArgumentsThatAreMissingOrTooMany() {
    assertThat(radiata("compare", "a"))
        .isEqualTo(new Ran(2, "", "radiata compare: B is missing\n"));
    assertThat(radiata("compare", "a", "b", "c"))
        .isEqualTo(new Ran(2, "", "radiata compare: one argument too many: 'c'\n"));
    assertThat(radiata("doctor", "x").exit()).isEqualTo(2);
  }

  @Test
  void reportsAFailureAlsoAsADocument() {
    Ran ran = radiata("compare", "nowhere.safetensors", "b", "--json");

    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.err()).startsWith("radiata compare: nowhere.safetensors: ").hasLineCount(1);
    assertThat(ran.json().get("schema").getAsInt()).isEqualTo(1);
    JsonObject error = ran.json().getAsJsonObject("error");
    assertThat(error.keySet()).containsExactly("code", "message", "file", "tensor");
    assertThat(error.get("file").getAsString()).isEqualTo("nowhere.safetensors");
    assertThat(error.get("tensor").isJsonNull()).isTrue();
  }

  @Test
  void reportsWrongUsageAlsoAsADocument() {
    Ran ran = radiata("compare", "--json", "--atoll");

    assertThat(ran.exit()).isEqualTo(2);
    assertThat(ran.json().getAsJsonObject("error").get("code").getAsString()).isEqualTo("usage");
  }

  @Test
  void printsATraceOnlyWhenAskedTo() {
    assertThat(radiata("compare", "nowhere", "b").err()).doesNotContain("\tat ");
    assertThat(radiata("compare", "nowhere", "b", "-v").err()).contains("\tat ");
  }

  @Test
  void escapesWhatCouldSteerTheTerminal() {
    Ran ran = radiata("compare", "\u001b[31mred\n\u202e", "b");

    assertThat(ran.err()).contains("\\x1b[31mred\\n\\u202e").doesNotContain("\u001b").hasLineCount(1);
  }

  @Test
  void takesADoubleDashAsTheEndOfOptions() {
    Ran ran = radiata("compare", "--", "--json", "b");

    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.err()).startsWith("radiata compare: --json: ");
    assertThat(ran.out()).isEmpty();
  }
}
