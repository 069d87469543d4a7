package radiata.train.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a run tells of itself.
class LogsTest {
  @TempDir Path folder;

  private static StepRecord record(int step, double loss) {
    var values = new LinkedHashMap<String, Double>();
    values.put("loss/current", loss);
    values.put("lr/unet", 1e-4);
    return new StepRecord(step, 1 + step / 3, values);
  }

  @Test
  void theTableHasALineForEveryStep() throws IOException {
    Path file = folder.resolve("log.csv");
    try (CsvLog log = CsvLog.open(file, 0)) {
      log.add(record(1, 0.5));
      log.add(record(2, 0.25));
    }
    assertThat(file)
        .hasContent("step,epoch,loss/current,lr/unet\n1,1,0.5,1.0E-4\n2,1,0.25,1.0E-4\n");
  }

  @Test
  void aResumedRunGivesTheTableOfAWholeOne() throws IOException {
    Path whole = folder.resolve("whole.csv");
    Path resumed = folder.resolve("resumed.csv");
    try (CsvLog log = CsvLog.open(whole, 0)) {
      for (int step = 1; step <= 6; step++) {
        log.add(record(step, 1.0 / step));
      }
    }
    // The first run was saved after step 3 and broke in the line of step 5.
    Files.writeString(resumed, Files.readString(whole).split("(?<=\n5,)", 2)[0]);
    try (CsvLog log = CsvLog.open(resumed, 3)) {
      for (int step = 4; step <= 6; step++) {
        log.add(record(step, 1.0 / step));
      }
    }
    assertThat(resumed).hasSameBinaryContentAs(whole);
    try (CsvLog log = CsvLog.open(resumed, 0)) {
      log.add(record(1, 2));
    }
    assertThat(Files.readAllLines(resumed)).hasSize(2);
  }

  @Test
  void otherTagsInTheMiddleAreRefused() throws IOException {
    try (CsvLog log = CsvLog.open(folder.resolve("log.csv"), 0)) {
      log.add(record(1, 1));
      assertThatThrownBy(() -> log.add(StepRecord.of(2, 1, Map.of("other", 1.0))))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void aRecordOfTensorboardIsLengthDataAndMaskedSums() throws IOException {
    try (TensorboardLog log = TensorboardLog.open(folder.resolve("tb"), 0, () -> 1.5)) {
      log.add(record(300, 0.5));
    }
    try (Stream<Path> files = Files.list(folder.resolve("tb"))) {
      Path file = files.toList().getFirst();
      assertThat(file.getFileName()).hasToString("events.out.tfevents.0000000001.radiata.0");
      List<byte[]> events = events(Files.readAllBytes(file));
      assertThat(events).hasSize(2);
      assertThat(new String(events.get(0), StandardCharsets.ISO_8859_1)).endsWith("brain.Event:2");
      // Written by hand after event.proto and summary.proto.
      assertThat(events.get(1))
          .isEqualTo(
              bytes(
                  0x09,
                  0,
                  0,
                  0,
                  0,
                  0,
                  0,
                  0xf8,
                  0x3f, // 1: 1.5
                  0x10,
                  0xac,
                  0x02, // 2: 300
                  0x2a,
                  37, // 5: summary
                  0x0a,
                  19,
                  0x0a,
                  12,
                  "loss/current",
                  0x15,
                  0,
                  0,
                  0,
                  0x3f,
                  0x0a,
                  14,
                  0x0a,
                  7,
                  "lr/unet",
                  0x15,
                  0x17,
                  0xb7,
                  0xd1,
                  0x38));
    }
  }

  /// The sum of "123456789" is 0xe3069283 (RFC 3720).
  @Test
  void theSumIsMaskedAsTensorflowDoes() {
    byte[] digits = "123456789".getBytes(StandardCharsets.US_ASCII);
    int crc = 0xe3069283;
    assertThat(TensorboardLog.masked(digits, digits.length))
        .isEqualTo((crc >>> 15 | crc << 17) + 0xa282ead8);
  }

  private static byte[] bytes(Object... parts) {
    var out = new ByteArrayOutputStream();
    for (Object part : parts) {
      switch (part) {
        case Integer value -> out.write(value);
        case String text -> out.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
        default -> throw new AssertionError();
      }
    }
    return out.toByteArray();
  }

  private static List<byte[]> events(byte[] file) {
    List<byte[]> events = new ArrayList<>();
    ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    while (in.hasRemaining()) {
      int start = in.position();
      int length = Math.toIntExact(in.getLong());
      byte[] lengthBytes = Arrays.copyOfRange(file, start, start + 8);
      assertThat(in.getInt()).isEqualTo(TensorboardLog.masked(lengthBytes, 8));
      byte[] data = new byte[length];
      in.get(data);
      assertThat(in.getInt()).isEqualTo(TensorboardLog.masked(data, length));
      events.add(data);
    }
    return events;
  }

  @Test
  void theMeanIsOfTheLastLosses() {
    MovingAverage average = new MovingAverage(3);
    assertThat(DoubleStream.of(3, 1, 2, 6, 1).map(average::add))
        .containsExactly(3.0, 2.0, 2.0, 3.0, 3.0);
  }

  @Test
  void progressTellsSpeedAndWhatIsLeft() {
    ProgressLine line = new ProgressLine(200, 4, 100);
    assertThat(line.after(1, 1, 0.12345, 0.2, 102))
        .isEqualTo("step 1/200  epoch 1/4  loss 0.1235 (mean 0.2000)  2.00 s/step  6m 38s left");
    assertThat(line.after(2, 1, 0.1, 0.2, 104)).contains("2.00 s/step", "6m 36s left");
    assertThat(line.after(200, 4, 0.1, 0.2, 105)).contains("1.67 s/step", "0s left");
    assertThat(ProgressLine.speed(0.25)).isEqualTo("4.00 step/s");
    assertThat(ProgressLine.duration(3 * 3600 + 125)).isEqualTo("3h 02m");
  }

  @Test
  void theSpeedIsThatOfTheLastSteps() {
    ProgressLine line = new ProgressLine(1000, 1, 0);
    String last = line.after(1, 1, 1, 1, 1000);
    for (int step = 2; step <= 60; step++) {
      last = line.after(step, 1, 1, 1, 1000 + step * 0.5);
    }
    assertThat(last).contains("2.00 step/s");
  }

  @Test
  void thePictureOfTheLossIsSmallAndSound() throws Exception {
    for (int count : new int[] {0, 1, 2, 100, 20_000}) {
      List<Double> losses =
          IntStream.range(0, count)
              .mapToObj(i -> 0.1 + Math.exp(-i / 500.0) + i % 7 * 0.01)
              .toList();
      String svg = LossPicture.svg("style <1>", 1, losses);
      assertThat(svg.length()).isLessThan(16_000);
      assertThat(svg).doesNotContain("NaN").doesNotContain("Infinity");
      var document =
          DocumentBuilderFactory.newInstance()
              .newDocumentBuilder()
              .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)));
      assertThat(document.getElementsByTagName("title").item(0).getTextContent())
          .isEqualTo("style <1>");
    }
  }

  @Test
  void aLossThatIsNoNumberLeavesAGap() {
    String svg = LossPicture.svg("x", 5, List.of(1.0, Double.NaN, Double.POSITIVE_INFINITY, 2.0));
    assertThat(svg).doesNotContain("NaN").doesNotContain("Infinity");
    assertThat(LossPicture.svg("x", 5, List.of(Double.NaN))).contains("no losses");
    assertThat(LossPicture.nice(0.13)).isEqualTo(0.2, within(1e-12));
    assertThat(LossPicture.nice(700)).isEqualTo(1000, within(1e-9));
  }
}
