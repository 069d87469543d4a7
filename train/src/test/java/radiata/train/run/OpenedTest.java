package radiata.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class OpenedTest {
  private final List<String> closed = new ArrayList<>();
  private final Opened opened = new Opened();

  private Closeable failing(String name) {
    return () -> {
      closed.add(name);
      throw new IOException(name);
    };
  }

  @Test
  void everythingIsClosedTheLastFirstThoughSomeFail() {
    opened.add(() -> closed.add("first"));
    opened.add(failing("second"));
    opened.add(failing("third"));
    opened.add(() -> closed.add("fourth"));
    assertThatThrownBy(opened::close)
        .hasMessage("third")
        .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
    assertThat(closed).containsExactly("fourth", "third", "second", "first");
  }

  @Test
  void aFailureKeepsItsMessageWhenClosingFailsToo() {
    opened.add(failing("first"));
    Exception failure = new IllegalStateException("why");
    opened.closeAfter(failure);
    assertThat(failure.getSuppressed()).hasSize(1);
    assertThat(failure).hasMessage("why");
  }
}
