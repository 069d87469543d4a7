package radiata.cli.demo;

/// The arithmetic of a Llama-type model, in floats, one token at a time.
final class LlamaKernels {
  private LlamaKernels() {}

  /// `into = weight · x` for a weight `[into.length, x.length]`.
  static void multiply(float[] weight, float[] x, float[] into) {
    for (int row = 0; row < into.length; row++) {
      into[row] = dot(weight, row * x.length, x, 0, x.length);
    }
  }

  static float dot(float[] a, int atA, float[] b, int atB, int count) {
    float sum = 0;
    for (int i = 0; i < count; i++) {
      sum = Math.fma(a[atA + i], b[atB + i], sum);
    }
    return sum;
  }

  /// `into = weight · x / √(mean(x²) + epsilon)`, element by element.
  static void rmsNorm(float[] x, float[] weight, float epsilon, float[] into) {
    float scale = (float) (1 / Math.sqrt(dot(x, 0, x, 0, x.length) / x.length + epsilon));
    for (int i = 0; i < into.length; i++) {
      into[i] = weight[i] * (x[i] * scale);
    }
  }

  /// Turns every head of `x` by its position. Element `i` of a head is paired with `i + head/2`:
  /// Hugging Face stores the rows of queries and keys in the order that this needs (`rotate_half`
  /// in transformers' `modeling_llama.py`), whereas Meta's own files pair neighbours.
  static void rotate(float[] x, int head, int position, double theta) {
    int half = head / 2;
    for (int i = 0; i < half; i++) {
      double angle = position * Math.pow(theta, -2.0 * i / head);
      float cos = (float) Math.cos(angle);
      float sin = (float) Math.sin(angle);
      for (int at = i; at < x.length; at += head) {
        float a = x[at];
        float b = x[at + half];
        x[at] = a * cos - b * sin;
        x[at + half] = b * cos + a * sin;
      }
    }
  }

  /// `gate = gate · sigmoid(gate) · up`.
  static void swiglu(float[] gate, float[] up) {
    for (int i = 0; i < gate.length; i++) {
      gate[i] = (float) (gate[i] / (1 + Math.exp(-gate[i]))) * up[i];
    }
  }

  /// The first `count` elements become positive and sum to 1.
  static void softmax(float[] x, int count) {
    float most = x[0];
    for (int i = 1; i < count; i++) {
      most = Math.max(most, x[i]);
    }
    float sum = 0;
    for (int i = 0; i < count; i++) {
      x[i] = (float) Math.exp(x[i] - most);
      sum += x[i];
    }
    for (int i = 0; i < count; i++) {
      x[i] /= sum;
    }
  }

  static void add(float[] x, float[] into) {
    for (int i = 0; i < into.length; i++) {
      into[i] += x[i];
    }
  }

  /// Where the largest element is; of equal ones the first.
  static int largest(float[] x) {
    int best = 0;
    for (int i = 1; i < x.length; i++) {
      if (x[i] > x[best]) {
        best = i;
      }
    }
    return best;
  }

  /// The element that a point between 0 and 1 falls on when the elements, which sum to 1, are laid
  /// end to end.
  static int pick(float[] chances, double point) {
    double left = point;
    for (int i = 0; i < chances.length - 1; i++) {
      left -= chances[i];
      if (left < 0) {
        return i;
      }
    }
    return chances.length - 1;
  }
}
