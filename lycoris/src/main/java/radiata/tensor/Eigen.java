package radiata.tensor;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.EigenDecomposition_F64;
import radiata.safetensors.Shape;

/// Eigenvectors of symmetric matrices.
final class Eigen {
  private Eigen() {}

  /// The eigenvectors of the largest eigenvalues, as columns `[n, count]`.
  ///
  /// @param symmetric `[n, n]`, of finite numbers
  static DoubleTensor leading(DoubleTensor symmetric, int count, Doubles on) {
    int n = Math.toIntExact(symmetric.shape().dim(0));
    DMatrixRMaj matrix = new DMatrixRMaj(n, n);
    for (int i = 0; i < n * n; i++) {
      matrix.data[i] = symmetric.at(i);
    }
    EigenDecomposition_F64<DMatrixRMaj> solver = DecompositionFactory_DDRM.eig(n, true, true);
    if (!solver.decompose(matrix)) {
      throw new ArithmeticException(
          "the eigenvalues of a " + n + " x " + n + " matrix do not settle");
    }
    List<Integer> order =
        IntStream.range(0, n)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> -solver.getEigenvalue(i).real))
            .limit(count)
            .toList();
    DoubleTensor out = on.empty(Shape.of(n, count));
    for (int column = 0; column < count; column++) {
      DMatrixRMaj vector = solver.getEigenVector(order.get(column));
      for (int row = 0; row < n; row++) {
        out.data().setAtIndex(JAVA_DOUBLE, (long) row * count + column, vector.get(row, 0));
      }
    }
    return out;
  }
}
