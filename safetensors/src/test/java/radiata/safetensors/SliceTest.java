package radiata.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static radiata.safetensors.BrokenFile.entry;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import radiata.safetensors.SafetensorsException.Kind;

class SliceTest {
  @TempDir Path folder;

  @Test
  void takesWhatPythonTakes() {
    List<Integer> row = List.of(0, 1, 2);
    assertThat(indices(Range.from(1), 3)).isEqualTo(row.subList(1, 3));
    assertThat(indices(Range.from(3), 3)).isEmpty();
    assertThat(indices(Range.of(0, 100), 3)).isEqualTo(row);
    assertThat(indices(Range.of(2, 1), 3)).isEmpty();
    assertThat(indices(Range.from(-1), 3)).containsExactly(2);
    assertThat(indices(Range.of(-100, -1), 3)).containsExactly(0, 1);
    assertThat(indices(Range.of(0, -100), 3)).isEmpty();
    assertThat(indices(new Range(0, 3, 2), 3)).containsExactly(0, 2);
    assertThat(indices(new Range(1, Long.MAX_VALUE, Long.MAX_VALUE), 3)).containsExactly(1);
    assertThat(indices(Range.ALL, 0)).isEmpty();
    assertThat(indices(Range.of(Long.MIN_VALUE, Long.MAX_VALUE), 3)).isEqualTo(row);
  }

  @Test
  void refusesStepsThatAreNotPositive() {
    assertThatThrownBy(() -> new Range(0, 1, 0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Range(0, 1, -1)).isInstanceOf(IllegalArgumentException.class);
  }

  /// Every start, stop and step of the grid in both dimensions of a `[3, 4]`, element by element.
  @Test
  void readsEverySliceOfAMatrix() throws IOException {
    try (SafetensorsFile file = counting("U16", 2, 3, 4)) {
      TensorInfo tensor = file.tensors().getFirst();
      List<Range> ranges = new ArrayList<>(List.of(Range.ALL));
      for (int start = -5; start <= 5; start += 2) {
        for (int stop = -5; stop <= 5; stop += 2) {
          for (int step = 1; step <= 3; step++) {
            ranges.add(new Range(start, stop, step));
          }
        }
      }
      for (Range rows : ranges) {
        for (Range columns : ranges) {
          check(file, tensor, 2, rows, columns);
        }
      }
    }
  }

  @Test
  void readsRandomSlicesOfFourDimensions() throws IOException {
    Random random = new Random(20_260_101);
    long[] shape = {5, 7, 3, 11};
    try (SafetensorsFile file = counting("F32", 4, shape)) {
      TensorInfo tensor = file.tensors().getFirst();
      for (int i = 0; i < 300; i++) {
        Range[] ranges = new Range[random.nextInt(5)];
        for (int axis = 0; axis < ranges.length; axis++) {
          ranges[axis] =
              random.nextBoolean()
                  ? Range.ALL
                  : new Range(
                      random.nextInt(-12, 12), random.nextInt(-12, 12), random.nextInt(1, 4));
        }
        check(file, tensor, 4, ranges);
      }
    }
  }

  /// Rows of 40,000 bytes: gaps are both below and above 64 KiB, spans exceed 8 MiB, and more than
  /// 8,192 runs are met.
  @Test
  void readsColumnsOfALargeMatrix() throws IOException {
    try (SafetensorsFile file = counting("U8", 1, 300, 40_000)) {
      TensorInfo tensor = file.tensors().getFirst();
      check(file, tensor, 1, Range.ALL, Range.of(7, 9));
      check(file, tensor, 1, new Range(0, 300, 2), Range.of(39_990, 40_000));
      check(file, tensor, 1, Range.of(1, 3), new Range(1, 40_000, 3));
      check(file, tensor, 1, Range.from(-3));
    }
  }

  @Test
  void readsScalarsAndEmptyTensors() throws IOException {
    try (SafetensorsFile file = counting("F32", 4)) {
      check(file, file.tensors().getFirst(), 4);
    }
    try (SafetensorsFile file = counting("F32", 4, 0, 4)) {
      TensorInfo tensor = file.tensors().getFirst();
      check(file, tensor, 4, Range.from(0), Range.of(1, 2));
      assertThat(Slice.of(file, tensor, Range.ALL, Range.of(1, 2)).shape())
          .isEqualTo(Shape.of(0, 1));
    }
  }

  @Test
  void refusesSlicesThatCutAByteOfPackedElements() throws IOException {
    try (SafetensorsFile file = SafetensorsFile.open(packed())) {
      TensorInfo tensor = file.tensors().getFirst();
      byte[] row = new byte[1];
      Slice.of(file, tensor, Range.of(1, 2), Range.of(2, 4)).read(MemorySegment.ofArray(row));
      assertThat(row).containsExactly(4);
      for (Range columns : List.of(Range.of(1, 3), Range.of(0, 1), Range.of(3, 4))) {
        assertThatThrownBy(() -> Slice.of(file, tensor, Range.ALL, columns))
            .isInstanceOfSatisfying(
                SafetensorsException.class,
                e -> assertThat(e.kind()).isEqualTo(Kind.MISALIGNED_SLICE));
      }
    }
  }

  @Test
  void refusesMoreRangesThanDimensionsAndMemoryOfAnotherSize() throws IOException {
    try (SafetensorsFile file = counting("U8", 1, 3)) {
      TensorInfo tensor = file.tensors().getFirst();
      assertThatThrownBy(() -> Slice.of(file, tensor, Range.ALL, Range.ALL))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> Slice.of(file, tensor).read(MemorySegment.ofArray(new byte[4])))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  private static List<Integer> indices(Range range, int size) {
    List<Integer> taken = new ArrayList<>();
    for (long i = 0; i < range.count(size); i++) {
      taken.add((int) (range.first(size) + i * range.step()));
    }
    return taken;
  }

  /// Compares a slice with the same elements picked one by one.
  private static void check(SafetensorsFile file, TensorInfo tensor, int width, Range... ranges)
      throws IOException {
    byte[] whole = new byte[(int) tensor.bytes()];
    file.read(tensor, 0, MemorySegment.ofArray(whole));
    ByteArrayOutputStream expected = new ByteArrayOutputStream();
    pick(tensor.shape(), width, whole, ranges, 0, 0, expected);
    Slice slice = Slice.of(file, tensor, ranges);
    byte[] read = new byte[(int) slice.bytes()];
    slice.read(MemorySegment.ofArray(read));
    assertThat(read.length).isEqualTo(slice.shape().elements() * width);
    assertThat(java.util.Arrays.equals(read, expected.toByteArray()))
        .as("%s %s", tensor.shape(), List.of(ranges))
        .isTrue();
  }

  private static void pick(
      Shape shape,
      int width,
      byte[] whole,
      Range[] ranges,
      int axis,
      int base,
      ByteArrayOutputStream out) {
    if (axis == shape.rank()) {
      out.write(whole, base * width, width);
      return;
    }
    Range range = axis < ranges.length ? ranges[axis] : Range.ALL;
    int size = (int) shape.dim(axis);
    for (int index : indices(range, size)) {
      pick(shape, width, whole, ranges, axis + 1, base * size + index, out);
    }
  }

  private Path packed() throws IOException {
    return BrokenFile.header("{" + entry("x", "F4", "[2,4]", 0, 4) + "}")
        .data(1, 2, 3, 4)
        .write(folder.resolve("packed"));
  }

  private SafetensorsFile counting(String dtype, int width, long... dims) throws IOException {
    Shape shape = Shape.of(dims);
    int size = (int) shape.elements() * width;
    int[] data = new int[size];
    for (int i = 0; i < size; i++) {
      data[i] = i * 31 + i / 256;
    }
    String header = "{" + entry("x", dtype, shape.toString(), 0, size) + "}";
    return SafetensorsFile.open(
        BrokenFile.header(header).data(data).write(folder.resolve("counting")));
  }
}
