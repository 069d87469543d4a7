package radiata.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InterruptsTest {
  @ParameterizedTest
  @ValueSource(strings = {"INT", "TERM"})
  void theFirstSignalIsTakenAndDoesNotEndTheProcess(String signal)
      throws IOException, InterruptedException {
    CountDownLatch taken = new CountDownLatch(1);
    try (Interrupts _ = Interrupts.first(taken::countDown)) {
      String process = String.valueOf(ProcessHandle.current().pid());
      assertThat(new ProcessBuilder("kill", "-" + signal, process).start().waitFor()).isZero();
      assertThat(taken.await(30, TimeUnit.SECONDS)).isTrue();
    }
  }
}
