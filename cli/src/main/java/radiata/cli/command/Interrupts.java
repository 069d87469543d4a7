package radiata.cli.command;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;

/// What is done on the first Ctrl-C, or the first request to end, in place of ending at once; the
/// second one ends the process as ever. A shutdown hook would not do: while a JVM shuts down no
/// output may be begun any more.
///
/// The class of the JDK for this is not part of its documented interface, so it is looked up; on a
/// JVM without it nothing is done, and the first Ctrl-C ends the process.
final class Interrupts implements AutoCloseable {
  private static final List<String> SIGNALS = List.of("INT", "TERM");

  /// A signal and who handled it before.
  private record Handled(Object signal, Object before) {}

  private final List<Handled> handled = new ArrayList<>();

  private Interrupts() {}

  static Interrupts first(Runnable action) {
    Interrupts interrupts = new Interrupts();
    InvocationHandler once =
        (proxy, method, arguments) -> {
          if (method.getName().equals("handle")) {
            interrupts.close();
            action.run();
          }
          return null;
        };
    try {
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object proxy =
          Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] {handler}, once);
      for (String name : SIGNALS) {
        interrupts.handle(name, proxy);
      }
    } catch (ReflectiveOperationException | IllegalArgumentException e) {
      interrupts.close();
    }
    return interrupts;
  }

  private void handle(String name, Object handler) throws ReflectiveOperationException {
    Class<?> type = Class.forName("sun.misc.Signal");
    Object signal = type.getConstructor(String.class).newInstance(name);
    handled.add(new Handled(signal, method().invoke(null, signal, handler)));
  }

  private static Method method() throws ReflectiveOperationException {
    return Class.forName("sun.misc.Signal")
        .getMethod(
            "handle", Class.forName("sun.misc.Signal"), Class.forName("sun.misc.SignalHandler"));
  }

  /// Puts things back as they were.
  @Override
  public synchronized void close() {
    for (Handled each : handled) {
      try {
        Object _ = method().invoke(null, each.signal(), each.before());
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(e);
      }
    }
    handled.clear();
  }
}
