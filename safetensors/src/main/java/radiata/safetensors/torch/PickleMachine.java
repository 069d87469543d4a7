package radiata.safetensors.torch;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import radiata.safetensors.SafetensorsException;
import radiata.safetensors.SafetensorsException.Kind;
import radiata.safetensors.torch.Value.Big;
import radiata.safetensors.torch.Value.Bytes;
import radiata.safetensors.torch.Value.Constant;
import radiata.safetensors.torch.Value.Dict;
import radiata.safetensors.torch.Value.Global;
import radiata.safetensors.torch.Value.Int;
import radiata.safetensors.torch.Value.Items;
import radiata.safetensors.torch.Value.Opaque;
import radiata.safetensors.torch.Value.Real;
import radiata.safetensors.torch.Value.Tensor;
import radiata.safetensors.torch.Value.Text;
import radiata.safetensors.torch.Value.Unreadable;

/// Runs the instructions of one pickle (protocol 2 to 5, Python 3.14, `Lib/pickletools.py`) that
/// torch and the files around it use. It builds [Value]s and can do nothing else: names stay names,
/// calls are looked up in [Rebuild].
final class PickleMachine {
  private static final int LONGEST_NAME = 512;
  private static final int LONGEST_NUMBER = 64;
  private static final int LONGEST_LINE = 4096;

  /// What stands for a storage: torch keeps them outside the pickle.
  interface Persistent {
    /// The storage that a reference means.
    ///
    /// @param id what the pickle says of it
    Value load(Value id, PickleInput input, long at) throws IOException;

    /// A storage that stands in the pickle itself, as the bytes of a file of its own.
    default Value nested(Bytes bytes, PickleInput input, long at) throws IOException {
      throw input.broken(at, "a storage inside the pickle, which torch.save keeps outside");
    }
  }

  private final PickleInput input;
  private final HeapBudget budget;
  private final Persistent persistent;
  private final PickleStack stack;

  private PickleMachine(PickleInput input, HeapBudget budget, Persistent persistent) {
    this.input = input;
    this.budget = budget;
    this.persistent = persistent;
    this.stack = new PickleStack(input, budget);
  }

  /// Runs one pickle, whose end is then the position of `input`.
  ///
  /// @throws SafetensorsException if it is cut short or broken, holds an instruction or a name that
  ///   weights do not need, or builds too much
  static Value run(PickleInput input, HeapBudget budget, Persistent persistent) throws IOException {
    return new PickleMachine(input, budget, persistent).run();
  }

  private Value run() throws IOException {
    while (true) {
      long at = input.position();
      int instruction = input.next();
      budget.step(at);
      if (instruction == '.') {
        Value result = stack.pop(at);
        if (!stack.isEmpty()) {
          throw input.broken(at, "the pickle ends with more than one value");
        }
        return result;
      }
      if (!(push(instruction, at) || change(instruction, at) || number(instruction, at))) {
        throw input.broken(
            at, "instruction 0x%02x, which torch does not write".formatted(instruction));
      }
    }
  }

  /// Instructions that push a value of their own.
  private boolean push(int instruction, long at) throws IOException {
    switch (instruction) {
      case 'N' -> stack.push(Constant.NONE, at);
      case 0x88 -> stack.push(Constant.TRUE, at);
      case 0x89 -> stack.push(Constant.FALSE, at);
      case '}' -> made(new Dict(), 160, at);
      case ']', 0x8f -> made(new Items(true, new ArrayList<>(0)), 96, at);
      case ')' -> stack.push(new Items(false, List.of()), at);
      case 'X' -> text(4, at, true);
      case 0x8c -> text(1, at, true);
      case 0x8d -> text(8, at, true);
      case 'U' -> text(1, at, false);
      case 'T' -> text(4, at, false);
      case 'C' -> bytes(1, at);
      case 'B' -> bytes(4, at);
      case 0x8e, 0x96 -> bytes(8, at);
      case 'c' -> global(input.line(LONGEST_NAME), input.line(LONGEST_NAME), at);
      case 0x93 -> {
        Value name = stack.pop(at);
        if (!(stack.pop(at) instanceof Text module && name instanceof Text of)) {
          throw input.broken(at, "a global whose name is no text");
        }
        global(module.text(), of.text(), at);
      }
      case 'h' -> stack.push(stack.recall(input.little(1), at), at);
      case 'j' -> stack.push(stack.recall(input.little(4), at), at);
      case 'Q' -> stack.push(persistent.load(stack.pop(at), input, at), at);
      default -> {
        return false;
      }
    }
    return true;
  }

  private void made(Value value, long cost, long at) {
    budget.take(cost, at);
    stack.push(value, at);
  }

  /// Instructions that put values together, or change nothing.
  private boolean change(int instruction, long at) throws IOException {
    switch (instruction) {
      case 0x80 -> {
        int protocol = input.next();
        if (protocol < 2 || protocol > 5) {
          throw input.broken(at, "protocol %d, 2 to 5 are read".formatted(protocol));
        }
      }
      case 0x95 -> {
        long _ = input.length(8);
      }
      case '(' -> stack.mark(at);
      case 'q' -> stack.memoize(input.little(1), at);
      case 'r' -> stack.memoize(input.little(4), at);
      case 0x94 -> stack.memoize(null, at);
      case 't' -> tuple(stack.popMark(at), at);
      case 0x85 -> tuple(stack.popAll(1, at), at);
      case 0x86 -> tuple(stack.popAll(2, at), at);
      case 0x87 -> tuple(stack.popAll(3, at), at);
      case 0x91 -> tuple(stack.popMark(at), at);
      case 'a' -> append(stack.popAll(1, at), at);
      case 'e', 0x90 -> append(stack.popMark(at), at);
      case 's' -> set(stack.popAll(2, at), at);
      case 'u' -> set(stack.popMark(at), at);
      case 'R', 0x81 -> call(at);
      case 'b' -> build(at);
      default -> {
        return false;
      }
    }
    return true;
  }

  /// Instructions that push a number.
  private boolean number(int instruction, long at) throws IOException {
    switch (instruction) {
      case 'J' -> integer(PickleInput.signed(input.bytes(4)), at);
      case 'K' -> integer(input.little(1), at);
      case 'M' -> integer(input.little(2), at);
      case 'G' -> made(new Real(input.real()), 24, at);
      case 0x8a -> {
        byte[] little = input.bytes((int) input.length(1));
        if (little.length <= Long.BYTES) {
          integer(PickleInput.signed(little), at);
        } else {
          byte[] big = new byte[little.length];
          for (int i = 0; i < big.length; i++) {
            big[i] = little[big.length - 1 - i];
          }
          made(new Big(new BigInteger(big)), 64L + big.length, at);
        }
      }
      case 'I' -> {
        String line = input.line(LONGEST_NUMBER);
        switch (line) {
          case "00" -> stack.push(Constant.FALSE, at);
          case "01" -> stack.push(Constant.TRUE, at);
          default -> decimal(line, at);
        }
      }
      case 'L' -> {
        String line = input.line(LONGEST_NUMBER);
        decimal(line.endsWith("L") ? line.substring(0, line.length() - 1) : line, at);
      }
      case 'F' -> {
        String line = input.line(LONGEST_NUMBER);
        try {
          made(new Real(Double.parseDouble(line)), 24, at);
        } catch (NumberFormatException e) {
          throw input.broken(at, "a number that is none");
        }
      }
      case 'S', 'V' -> line(input.line(LONGEST_LINE), instruction == 'S', at);
      default -> {
        return false;
      }
    }
    return true;
  }

  private void integer(long value, long at) {
    made(new Int(value), 24, at);
  }

  private void decimal(String line, long at) {
    if (!line.matches("-?[0-9]+")) {
      throw input.broken(at, "a number that is none");
    }
    BigInteger value = new BigInteger(line);
    if (value.bitLength() < Long.SIZE) {
      integer(value.longValue(), at);
    } else {
      made(new Big(value), 64, at);
    }
  }

  /// A text of Python 2 in one line. One with escapes is kept as what it says, quotes and all: no
  /// tensor has such a name.
  private void line(String line, boolean quoted, long at) {
    boolean plain = quoted && line.matches("'[^'\\\\]*'|\"[^\"\\\\]*\"");
    String text = plain ? line.substring(1, line.length() - 1) : line;
    made(new Text(text), 64 + 2L * text.length(), at);
  }

  /// @param utf8 whether Python says that it is; a string of Python 2 may be bytes
  private void text(int lengthBytes, long at, boolean utf8) throws IOException {
    long length = input.length(lengthBytes);
    budget.take(64 + 2 * length, at);
    long start = input.position();
    ByteBuffer bytes = ByteBuffer.wrap(input.bytes((int) length));
    Optional<String> text = PickleInput.text(bytes);
    if (text.isPresent()) {
      stack.push(new Text(text.get()), at);
    } else if (utf8) {
      // Python writes an unpaired surrogate as UTF-8 cannot have it: then it is no name of a
      // tensor.
      stack.push(new Unreadable("a text that is not UTF-8"), at);
    } else {
      stack.push(new Bytes(start, length), at);
    }
  }

  private void bytes(int lengthBytes, long at) throws IOException {
    long length = input.length(lengthBytes);
    made(new Bytes(input.position(), length), 32, at);
    input.skip(length);
  }

  private void global(String module, String name, long at) {
    Global global = new Global(module, name, at);
    budget.take(160 + 2L * (module.length() + name.length()), at);
    if (!Globals.allowed(global)) {
      throw input.error(
          Kind.FORBIDDEN_GLOBAL,
          at,
          ("the pickle names %s, which weights do not need and an attack may; nothing was executed. "
                  + "If you trust the file, load it in Python and save its state_dict alone")
              .formatted(global.shown()));
    }
    stack.push(global, at);
  }

  private void tuple(List<Value> items, long at) {
    made(new Items(false, items), 64, at);
  }

  private void append(List<Value> items, long at) {
    switch (stack.peek(at)) {
      case Items list when list.list() -> {
        budget.take(8L * items.size(), at);
        list.items().addAll(items);
      }
      case Opaque _ -> {}
      case Value other -> throw input.broken(at, "items are added to " + other.what());
    }
  }

  private void set(List<Value> items, long at) {
    if (items.size() % 2 != 0) {
      throw input.broken(at, "a key without a value");
    }
    switch (stack.peek(at)) {
      case Dict dict -> {
        budget.take(8L * items.size(), at);
        for (int i = 0; i < items.size(); i += 2) {
          dict.keys().add(items.get(i));
          dict.values().add(items.get(i + 1));
        }
      }
      case Opaque _ -> {}
      case Value other -> throw input.broken(at, "items are set in " + other.what());
    }
  }

  private void call(long at) throws IOException {
    Value arguments = stack.pop(at);
    if (!(stack.pop(at) instanceof Global callee && arguments instanceof Items items)) {
      throw input.broken(at, "a call of something that has no name, or without arguments");
    }
    if (callee.full().equals(Globals.STORAGE_IN_BYTES)) {
      if (!(items.size() == 1 && items.get(0) instanceof Bytes bytes)) {
        throw input.broken(
            at,
            "a storage whose bytes are spelled as text, as pickle.dump does; save the model with torch.save");
      }
      made(persistent.nested(bytes, input, at), 160, at);
      return;
    }
    made(Rebuild.call(callee, items, input, budget, at), 160, at);
  }

  /// Sets the attributes of an object: none of them matters, but a `ParameterDict` (in textual
  /// inversions) keeps its parameters in one.
  private void build(long at) {
    Value state = stack.pop(at);
    Value object = stack.peek(at);
    switch (object) {
      case Opaque opaque when opaque.of().name().equals("ParameterDict") -> {
        if (state instanceof Dict attributes) {
          Value parameters = StateDict.last(attributes, "_parameters");
          if (parameters instanceof Dict) {
            stack.pop(at);
            stack.push(parameters, at);
          }
        }
      }
      case Opaque _, Dict _, Tensor _, Items _, Unreadable _ -> {}
      case Value other -> throw input.broken(at, "attributes are set of " + other.what());
    }
  }
}
