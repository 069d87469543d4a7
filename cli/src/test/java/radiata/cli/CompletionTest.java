package radiata.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.cli.Ran.radiata;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import radiata.cli.command.Commands;

class CompletionTest {
  @ParameterizedTest
  @ValueSource(strings = {"bash", "zsh", "fish"})
  void knowsEveryCommand(String shell) {
    Ran ran = radiata("completion", shell);

    assertThat(ran.exit()).isZero();
    Commands.all().forEach(command -> assertThat(ran.out()).contains(command.name()));
    assertThat(ran.out()).contains("atol").contains("threads");
  }

  @Test
  void namesTheNearestShell() {
    assertThat(radiata("completion", "bsh"))
        .isEqualTo(
            new Ran(2, "", "radiata completion: unknown shell 'bsh'; the nearest is 'bash'\n"));
  }

  @Test
  void bashCompletesCommandsAndOptions() throws Exception {
    String script =
        radiata("completion", "bash").out()
            + """
            COMP_WORDS=(radiata compare --at); COMP_CWORD=2; _radiata; echo "${COMPREPLY[@]}"
            COMP_WORDS=(radiata comp); COMP_CWORD=1; _radiata; echo "${COMPREPLY[@]}"
            """;
    Process bash = new ProcessBuilder("bash", "-c", script).redirectErrorStream(true).start();
    String said = new String(bash.getInputStream().readAllBytes());

    assertThat(said).isEqualTo("--atol\ncompare completion\n");
  }
}
