package radiata.train.engine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/// Owns the tensors that its thread makes while it is the innermost one, and frees them when it is
/// closed. Nothing else frees a tensor: libtorch's memory is not the garbage collector's.
///
/// The graph of a gradient holds its own references, so a scope may be closed before the backward
/// pass.
public final class Scope implements AutoCloseable {
  private static final ThreadLocal<Deque<Scope>> OPEN = ThreadLocal.withInitial(ArrayDeque::new);

  private final List<Tensor> tensors = new ArrayList<>();
  private boolean closed;

  private Scope() {}

  public static Scope open() {
    Scope scope = new Scope();
    OPEN.get().push(scope);
    return scope;
  }

  /// Gives a new tensor to the innermost scope of this thread.
  static Tensor own(Tensor tensor) {
    Scope scope = OPEN.get().peek();
    if (scope == null) {
      tensor.free();
      throw new IllegalStateException("a tensor is made outside any scope");
    }
    scope.tensors.add(tensor);
    return tensor;
  }

  /// Hands a tensor of this scope to the one around it.
  public Tensor keep(Tensor tensor) {
    Deque<Scope> open = OPEN.get();
    if (open.peek() != this) {
      throw new IllegalStateException("only the innermost scope hands tensors on");
    }
    if (removed(tensor)) {
      open.pop();
      try {
        own(tensor);
      } finally {
        open.push(this);
      }
    }
    return tensor;
  }

  /// Hands a tensor of this scope to another open one.
  public Tensor keep(Tensor tensor, Scope to) {
    if (to.closed) {
      throw new IllegalStateException("a closed scope keeps nothing");
    }
    if (removed(tensor)) {
      to.tensors.add(tensor);
    }
    return tensor;
  }

  private boolean removed(Tensor tensor) {
    for (int i = tensors.size() - 1; i >= 0; i--) {
      if (tensors.get(i) == tensor) {
        tensors.remove(i);
        return true;
      }
    }
    return false;
  }

  /// How many tensors the open scopes of this thread own.
  public static int owned() {
    return OPEN.get().stream().mapToInt(scope -> scope.tensors.size()).sum();
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (OPEN.get().peek() != this) {
      throw new IllegalStateException("scopes close in the reverse order of their opening");
    }
    OPEN.get().pop();
    tensors.forEach(Tensor::free);
    tensors.clear();
  }
}
