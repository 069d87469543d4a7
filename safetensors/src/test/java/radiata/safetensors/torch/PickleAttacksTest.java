package radiata.safetensors.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import radiata.safetensors.Limits;
import radiata.safetensors.SafetensorsException;
import radiata.safetensors.SafetensorsException.Kind;

/// Pickles made to execute, to exhaust or to confuse.
class PickleAttacksTest {
  private static final Path FILE = Path.of("attack.pt");

  @ParameterizedTest
  @CsvSource({
    "os, system",
    "posix, system",
    "nt, system",
    "subprocess, Popen",
    "builtins, eval",
    "builtins, exec",
    "builtins, getattr",
    "__builtin__, apply",
    "__main__, Anything",
    "webbrowser, open",
    "runpy, _run_code",
    "torch, load",
    "torch.hub, load",
    "torch.jit, load",
    "torch.serialization, load",
    "torch.utils.cpp_extension, load",
    "torch._utils, _rebuild_tensor_v9",
    "numpy, load",
    "numpy.testing._private.utils, runstring",
    "pickle, loads",
    "torch.nn.modules.module, torch.os.system",
    "pytorch_lightning, utilities.os.system",
    "operator, attrgetter",
    "functools, partial",
    "collections, namedtuple"
  })
  void aGlobalThatWeightsDoNotNeedIsRefusedByNameAndOffset(String module, String name) {
    SafetensorsException e =
        refused(Pickled.protocol2().op("}").global(module, name).text("x").op(0x85).op("Rs."));
    assertThat(e.kind()).isEqualTo(Kind.FORBIDDEN_GLOBAL);
    assertThat(e.getMessage()).startsWith("byte 3: ").contains(module + "." + name);
  }

  @Test
  void aGlobalOutOfTheStackIsRefusedToo() {
    Pickled pickle = Pickled.protocol2().text("os").text("system").op(0x93).op(".");
    assertThat(refused(pickle).kind()).isEqualTo(Kind.FORBIDDEN_GLOBAL);
  }

  @Test
  void aGlobalInANewObjectIsRefusedToo() {
    Pickled pickle = Pickled.protocol2().global("os", "system").op(")").op(0x81).op(".");
    assertThat(refused(pickle).kind()).isEqualTo(Kind.FORBIDDEN_GLOBAL);
  }

  @Test
  void reduceOfWhatIsNoGlobalIsRefused() {
    assertThat(refused(Pickled.protocol2().text("system").op(")R.")).getMessage())
        .startsWith("byte 14: a call of something that has no name");
  }

  @Test
  void reduceOfAnotherCallIsRefused() {
    Pickled pickle = Pickled.protocol2().global("torch", "device").op(")R)R.");
    assertThat(refused(pickle).getMessage()).contains("a call of something that has no name");
  }

  @ParameterizedTest
  @CsvSource({
    "INST, 105",
    "OBJ, 111",
    "EXT1, 130",
    "EXT2, 131",
    "EXT4, 132",
    "PERSID, 80",
    "POP, 48",
    "DUP, 50",
    "LONG4, 139",
    "NEXT_BUFFER, 151",
    "READONLY_BUFFER, 152",
    "NEWOBJ_EX, 146",
    "zero, 0",
    "0xff, 255"
  })
  void anInstructionThatTorchDoesNotWriteIsRefused(String name, int instruction) {
    Pickled pickle = Pickled.protocol2().op("}").op(instruction).op("os\nsystem\n.");
    assertThat(refused(pickle).getMessage())
        .as(name)
        .isEqualTo("byte 3: instruction 0x%02x, which torch does not write".formatted(instruction));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {".", "R", "t", "s", "u", "q\0", "h\0", "b", "a", "Q", "\u0087", "(.", "}(u("})
  void aStackThatRunsEmptyIsRefused(String instructions) {
    assertThat(refused(Pickled.protocol2().op(instructions).op(".")).kind())
        .isEqualTo(Kind.BROKEN_PICKLE);
  }

  @Test
  void anInstructionCannotReachBelowTheMark() {
    Pickled pickle = Pickled.protocol2().global("torch", "device").op("((").op(0x85).op(".");
    assertThat(refused(pickle).getMessage()).contains("takes a value where there is none");
  }

  @Test
  void aMemoBombOfHugeNumbersTakesNoMemory() throws IOException {
    Pickled pickle = Pickled.protocol2().op("}");
    for (long i = 0; i < 1000; i++) {
      pickle.op("r").little(0xffffffffL - i * 4_000_000, 4);
    }
    assertThat(pickle.op(".").run(FILE)).isInstanceOf(Value.Dict.class);
  }

  @Test
  void aMemoFloodEndsAtTheLimit() {
    Pickled pickle = Pickled.protocol2().op("}");
    for (long i = 0; i < 150_000; i++) {
      pickle.op("r").little(1_000_000_000L + i, 4);
    }
    assertThat(refused(pickle).kind()).isEqualTo(Kind.LIMIT);
  }

  @Test
  void aBinputFloodOfOneNumberTakesNoMemory() throws IOException {
    Pickled pickle = Pickled.protocol2().op("}");
    for (int i = 0; i < 900_000; i++) {
      pickle.op('q', 7);
    }
    assertThat(pickle.op(".").run(FILE)).isInstanceOf(Value.Dict.class);
  }

  @Test
  void aMemoThatIsReadBeforeItIsWrittenIsRefused() {
    assertThat(refused(Pickled.protocol2().op('h', 7).op(".")).getMessage())
        .contains("memo 7 is read before it is written");
  }

  @ParameterizedTest
  @ValueSource(strings = {"}", "]", "N", "(", ")", "K\1", "U\0", "\u0094"})
  void aFloodOfAnyInstructionEndsAtTheLimit(String instruction) {
    Pickled pickle = Pickled.protocol2().op("N");
    pickle.op(instruction.repeat(1_900_000 / instruction.length()));
    assertThat(refused(pickle).kind()).isEqualTo(Kind.LIMIT);
  }

  @Test
  void aFloodOfInstructionsThatKeepNothingEndsAtTheLimit() {
    Pickled pickle = Pickled.protocol2().op("N").op("q\0".repeat(1_000_000));
    assertThat(refused(pickle).getMessage()).contains("more than 1,000,000 instructions");
  }

  @ParameterizedTest
  @CsvSource({"X, 4", "T, 4", "B, 4", "\u008d, 8", "\u008e, 8", "\u0096, 8"})
  void aHugeLengthIsRefusedBeforeAnythingIsAllocated(String instruction, int bytes) {
    for (long length : new long[] {-1, 0x7fffffffL}) {
      Pickled pickle = Pickled.protocol2().op(instruction).little(length, bytes).op("abc.");
      assertThat(refused(pickle).getMessage()).contains("bytes should follow, there are");
    }
  }

  @Test
  void aHugeFrameIsRefused() {
    for (long length : new long[] {-1, Long.MAX_VALUE, 5}) {
      Pickled pickle = new Pickled().op(0x80, 4, 0x95).little(length, 8).op("N.");
      assertThat(refused(pickle).getMessage()).startsWith("byte 11: ").contains("should follow");
    }
  }

  @Test
  void aHugeLongIsNoSizeOfATensor() {
    Pickled pickle =
        Pickled.protocol2().op("}").text("w").global("torch._utils", "_rebuild_tensor");
    pickle.op("((").text("storage").global("torch", "FloatStorage").text("0").text("cpu");
    pickle.number(1).op("tQ").op("K\0(").op(0x8a, 255).raw(new byte[254]).op(0x7f);
    assertThat(refused(pickle.op("t(K\1ttRs.")).getMessage())
        .contains("a number where a size or stride is expected");
  }

  @ParameterizedTest
  @ValueSource(strings = {"I1x\n", "I\n", "L--1L\n", "F1e\n", "I99999999999999999999x\n"})
  void aNumberThatIsNoneIsRefused(String instruction) {
    assertThat(refused(Pickled.protocol2().op(instruction).op(".")).getMessage())
        .contains("a number that is none");
  }

  @ParameterizedTest
  @ValueSource(strings = {"c", "I", "L", "F", "S", "V"})
  void aLineWithoutEndIsRefused(String instruction) {
    Pickled pickle = Pickled.protocol2().op(instruction).op("1".repeat(100_000));
    assertThat(refused(pickle).getMessage()).contains("a line of more than");
  }

  /// Each is a pair of the one before: 2^60 values to whoever walks them.
  @Test
  void sharedTuplesAreNotWalked() {
    Pickled pickle = Pickled.protocol2().op("]q\0");
    for (int i = 0; i < 60; i++) {
      pickle.op('q', i).op('h', i).op(0x86);
    }
    assertThat(opened(pickle.op(".")).getMessage())
        .isEqualTo("a tuple of 2, where a dict of tensors was expected");
  }

  /// The same with dicts of 40, which are walked, down to a bound.
  @Test
  void sharedDictsAreWalkedToABound() {
    Pickled pickle = Pickled.protocol2();
    shared(pickle, 12);
    assertThat(opened(pickle.op(".")).getMessage()).isEqualTo("more than 500,000 entries");
  }

  private static void shared(Pickled pickle, int depth) {
    pickle.op("}");
    if (depth > 0) {
      pickle.op("(").text("k0");
      shared(pickle, depth - 1);
      for (int child = 1; child < 40; child++) {
        pickle.text("k" + child).op('h', depth - 1);
      }
      pickle.op("u");
    }
    pickle.op('q', depth);
  }

  @Test
  void dictsInDictsEndAtABound() {
    Pickled pickle = Pickled.protocol2();
    for (int depth = 0; depth < 100; depth++) {
      pickle.op("}").text("k");
    }
    pickle.op("N").op("s".repeat(100)).op(".");
    assertThat(opened(pickle).getMessage()).isEqualTo("dicts nested more than 16 deep");
  }

  @Test
  void aDictThatContainsItselfIsRefused() {
    Pickled pickle = Pickled.protocol2().op("}q\0").text("a").op("h\0s.");
    assertThat(opened(pickle).getMessage()).contains("a dict that contains itself");
  }

  @Test
  void wrappersAroundWrappersEndAtABound() {
    Pickled pickle = Pickled.protocol2().op("}q\0").text("state_dict").op("h\0s.");
    assertThat(opened(pickle).getMessage()).contains("more than 8 dicts around the weights");
  }

  @Test
  void nestedTuplesOfAnyDepthAreNoRecursion() {
    Pickled pickle = Pickled.protocol2().op(")").op("\u0085".repeat(90_000)).op(".");
    assertThat(opened(pickle).getMessage()).startsWith("a tuple of 1, where a dict");
  }

  @Test
  void everyCutOfAPickleIsRefused() {
    byte[] whole = Pickled.one("FloatStorage", 1, 0, new long[] {1}, new long[] {1});
    for (int length = 0; length < whole.length; length++) {
      Pickled cut = new Pickled().raw(java.util.Arrays.copyOf(whole, length));
      assertThat(refused(cut).kind()).as("%d bytes", length).isEqualTo(Kind.BROKEN_PICKLE);
    }
  }

  private static SafetensorsException refused(Pickled pickle) {
    SafetensorsException e =
        catchThrowableOfType(SafetensorsException.class, () -> pickle.run(FILE));
    assertThat(e).isNotNull();
    assertThat(e.getMessage()).doesNotContain("\n");
    return e;
  }

  /// What is said of the value as a dict of tensors.
  private static SafetensorsException opened(Pickled pickle) {
    SafetensorsException e =
        catchThrowableOfType(
            SafetensorsException.class, () -> StateDict.of(FILE, pickle.run(FILE), Limits.DEFAULT));
    assertThat(e).isNotNull();
    return e;
  }
}
