package radiata.bake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import radiata.convention.Profile;
import radiata.convention.Profiles;
import radiata.safetensors.SafetensorsFile;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.convert.Widen;

/// Every case that the real programs baked, under every runtime it lists. A new folder is a new
/// test.
class BakeGoldenTest {
  @TempDir Path folder;

  @TestFactory
  Stream<DynamicNode> bakesWhatTheRealProgramBakes() throws IOException {
    return GoldenCase.all().stream()
        .map(golden ->
            DynamicContainer.dynamicContainer(
                golden.name(),
                golden.expectations().stream()
                    .map(expect ->
                        DynamicTest.dynamicTest(
                            expect.runtime() + "@" + expect.strengths(),
                            () -> check(golden, expect)))));
  }

  @TestFactory
  Stream<DynamicTest> refusesOrSkipsWhereTheRealProgramDoes() throws IOException {
    return GoldenCase.all().stream()
        .flatMap(golden ->
            golden.failures().entrySet().stream()
                .map(failure ->
                    DynamicTest.dynamicTest(
                        golden.name() + " " + failure.getKey(),
                        () -> fails(golden, failure.getKey(), failure.getValue()))));
  }

  private void fails(GoldenCase golden, String runtime, String what) throws IOException {
    Profile profile = Profiles.named(runtime).orElseThrow();
    Path output = folder.resolve(golden.name() + runtime + ".safetensors");
    GoldenCase.Expectation at =
        new GoldenCase.Expectation(
            runtime, List.of(1.0), output, 0, 0, new com.google.gson.JsonObject());
    if (!what.contains("skipped")) {
      assertThatThrownBy(() -> bake(golden, at, profile, false, output))
          .isInstanceOf(BakeException.class)
          .hasMessageContaining(runtime + " fails on this file");
      assertThat(output).doesNotExist();
      return;
    }
    bake(golden, at, profile, false, output);
    try (SafetensorsFile base = SafetensorsFile.open(golden.base());
        SafetensorsFile got = SafetensorsFile.open(output)) {
      for (TensorInfo tensor : base.tensors()) {
        assertThat(bytes(got, tensor.name())).isEqualTo(bytes(base, tensor.name()));
      }
    }
  }

  private void check(GoldenCase golden, GoldenCase.Expectation expect) throws IOException {
    Profile profile = Profiles.named(expect.runtime()).orElseThrow();
    Path output =
        folder.resolve(golden.name() + expect.runtime() + expect.strengths() + ".safetensors");
    if (golden.isRefused()) {
      assertThatThrownBy(() -> bake(golden, expect, profile, false, output))
          .isInstanceOf(BakeException.class);
      assertThat(output).doesNotExist();
    }
    bake(golden, expect, profile, golden.isRefused(), output);
    try (SafetensorsFile base = SafetensorsFile.open(golden.base());
        SafetensorsFile want = SafetensorsFile.open(expect.file());
        SafetensorsFile got = SafetensorsFile.open(output)) {
      assertThat(got.tensors().stream().map(TensorInfo::spec))
          .containsExactlyInAnyOrderElementsOf(
              want.tensors().stream().map(TensorInfo::spec).toList());
      for (TensorInfo tensor : want.tensors()) {
        compare(base, want, got, tensor, expect);
      }
    }
  }

  private static void bake(
      GoldenCase golden,
      GoldenCase.Expectation expect,
      Profile profile,
      boolean lenient,
      Path output)
      throws IOException {
    Bakes.bake(
        golden.base(),
        golden.adapters(),
        expect.strengths(),
        profile,
        Optional.empty(),
        lenient,
        2,
        output);
  }

  private static void compare(
      SafetensorsFile base,
      SafetensorsFile want,
      SafetensorsFile got,
      TensorInfo tensor,
      GoldenCase.Expectation expect)
      throws IOException {
    byte[] expected = bytes(want, tensor.name());
    byte[] found = bytes(got, tensor.name());
    boolean untouched = java.util.Arrays.equals(expected, bytes(base, tensor.name()));
    if (untouched || !tensor.dtype().computable()) {
      assertThat(found).as(tensor.name()).isEqualTo(expected);
      return;
    }
    double rtol = expect.rtol();
    double atol = expect.atol();
    if (expect.byDtype().has(tensor.dtype().name())) {
      rtol = expect.byDtype().getAsJsonObject(tensor.dtype().name()).get("rtol").getAsDouble();
      atol = expect.byDtype().getAsJsonObject(tensor.dtype().name()).get("atol").getAsDouble();
    }
    int count = (int) tensor.shape().elements();
    double[] a = new double[count];
    double[] b = new double[count];
    Widen.toDoubles(MemorySegment.ofArray(expected), 0, tensor.dtype(), a, 0, count);
    Widen.toDoubles(MemorySegment.ofArray(found), 0, tensor.dtype(), b, 0, count);
    for (int i = 0; i < count; i++) {
      assertThat(Math.abs(b[i] - a[i]))
          .as("%s[%d]: expected %s, found %s", tensor.name(), i, a[i], b[i])
          .isLessThanOrEqualTo(atol + rtol * Math.abs(a[i]));
    }
  }

  private static byte[] bytes(SafetensorsFile file, String name) throws IOException {
    TensorInfo info = file.tensor(name).orElseThrow();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment into = arena.allocate(Math.max(1, info.bytes())).asSlice(0, info.bytes());
      file.read(info, 0, into);
      return into.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
    }
  }
}
