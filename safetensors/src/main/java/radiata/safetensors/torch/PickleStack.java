package radiata.safetensors.torch;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The stack, marks and memo of a pickle machine. All that is kept is paid for.
final class PickleStack {
  private final PickleInput input;
  private final HeapBudget budget;
  private final List<Value> stack = new ArrayList<>();
  private final List<Integer> marks = new ArrayList<>();

  /// Python numbers its memo from 0 on without gaps; what does not is kept apart.
  private final List<Value> memo = new ArrayList<>();

  private final Map<Long, Value> sparse = new HashMap<>();

  PickleStack(PickleInput input, HeapBudget budget) {
    this.input = input;
    this.budget = budget;
  }

  void push(Value value, long at) {
    budget.take(8, at);
    stack.add(value);
  }

  void mark(long at) {
    budget.take(24, at);
    marks.add(stack.size());
  }

  Value pop(long at) {
    requireValue(at);
    return stack.removeLast();
  }

  Value peek(long at) {
    requireValue(at);
    return stack.getLast();
  }

  boolean isEmpty() {
    return stack.isEmpty() && marks.isEmpty();
  }

  private void requireValue(long at) {
    if (stack.size() <= (marks.isEmpty() ? 0 : marks.getLast())) {
      throw input.broken(at, "an instruction that takes a value where there is none");
    }
  }

  /// Takes everything since the last mark, and the mark.
  List<Value> popMark(long at) {
    if (marks.isEmpty()) {
      throw input.broken(at, "an instruction that ends a group which has not begun");
    }
    List<Value> since = stack.subList(marks.removeLast(), stack.size());
    budget.take(8L * since.size(), at);
    List<Value> taken = new ArrayList<>(since);
    since.clear();
    return taken;
  }

  /// Takes the last `count` values, in the order they were pushed.
  List<Value> popAll(int count, long at) {
    List<Value> taken = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      taken.add(pop(at));
    }
    return taken.reversed();
  }

  /// Keeps the topmost value under a number, or under the next one.
  void memoize(@Nullable Long index, long at) {
    Value value = peek(at);
    long number = index == null ? (long) memo.size() + sparse.size() : index;
    if (number < memo.size()) {
      memo.set((int) number, value);
    } else if (number == memo.size()) {
      budget.take(8, at);
      memo.add(value);
    } else {
      budget.take(sparse.containsKey(number) ? 0 : 96, at);
      sparse.put(number, value);
    }
  }

  Value recall(long number, long at) {
    Value value = number < memo.size() ? memo.get((int) number) : sparse.get(number);
    if (value == null) {
      throw input.broken(at, "memo %d is read before it is written".formatted(number));
    }
    return value;
  }
}
