package radiata.safetensors;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/// Functions of the C library for what Java has no call.
final class SystemCall {
  private SystemCall() {}

  /// A function; null where this system has none of that name or the JVM's settings forbid it.
  @SuppressWarnings("restricted")
  static @Nullable MethodHandle find(
      String name, FunctionDescriptor signature, Linker.Option... options) {
    Linker linker = Linker.nativeLinker();
    try {
      return linker
          .defaultLookup()
          .find(name)
          .map(symbol -> linker.downcallHandle(symbol, signature, options))
          .orElse(null);
    } catch (IllegalCallerException e) {
      return null;
    }
  }
}
