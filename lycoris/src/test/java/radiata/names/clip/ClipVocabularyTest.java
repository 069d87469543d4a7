package radiata.names.clip;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ClipVocabularyTest {
  @Test
  void hasEveryTokenOfClip() throws IOException {
    Map<String, Integer> vocabulary = ClipVocabulary.tokens();
    assertThat(vocabulary).hasSize(49_408);
    assertThat(vocabulary)
        .containsEntry("!", 0)
        .containsEntry("a", 64)
        .containsEntry("Ń", 255)
        .containsEntry("!</w>", 256)
        .containsEntry("in", 512)
        .containsEntry("the</w>", 518)
        .containsEntry("photo</w>", 1125)
        .containsEntry("jekyll</w>", 49_405)
        .containsEntry("<|startoftext|>", 49_406)
        .containsEntry("<|endoftext|>", 49_407);
  }
}
