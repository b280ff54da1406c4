package io.sallyport.security.vault;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PatternMatcherTest {

    private static PatternMatcher of(List<String> patterns) {
        PatternMatcher.Builder builder = new PatternMatcher.Builder(1000);
        patterns.forEach(pattern -> builder.add(pattern.getBytes(US_ASCII)));
        return builder.build();
    }

    @Test
    void findsWhatLookingForEachPatternFinds() {
        Random random = new Random(7);
        for (int round = 0; round < 500; round++) {
            List<String> patterns = new ArrayList<>();
            for (int i = 0; i < 1 + random.nextInt(6); i++) {
                patterns.add(text(random, 1 + random.nextInt(6)));
            }
            String text = text(random, 60);
            PatternMatcher matcher = of(patterns);
            int state = PatternMatcher.START;
            for (int end = 1; end <= text.length(); end++) {
                state = matcher.next(state, (byte) text.charAt(end - 1));
                String read = text.substring(0, end);
                assertThat(matcher.matched(state)).isEqualTo(longestEnd(patterns, read));
                assertThat(matcher.begun(state)).isEqualTo(longestBeginning(patterns, read));
            }
        }
    }

    private static String text(Random random, int length) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append((char) ('a' + random.nextInt(3)));
        }
        return text.toString();
    }

    private static int longestEnd(List<String> patterns, String read) {
        return patterns.stream()
                .filter(read::endsWith)
                .mapToInt(String::length)
                .max()
                .orElse(0);
    }

    private static int longestBeginning(List<String> patterns, String read) {
        int longest = 0;
        for (String pattern : patterns) {
            for (int length = 1; length < pattern.length(); length++) {
                if (read.endsWith(pattern.substring(0, length))) {
                    longest = Math.max(longest, length);
                }
            }
        }
        return longest;
    }

    @Test
    void findsNothingIfThereIsNothingToFind() {
        assertThat(PatternMatcher.empty().isEmpty()).isTrue();
        assertThat(PatternMatcher.empty().next(PatternMatcher.START, (byte) 0)).isEqualTo(PatternMatcher.START);
    }

    @Test
    void takesNoMoreThanThereIsRoomFor() {
        PatternMatcher.Builder builder = new PatternMatcher.Builder(4);

        assertThat(builder.add(new byte[] {1, 2, 3})).isTrue();
        assertThat(builder.add(new byte[] {1, 2})).isTrue();
        assertThat(builder.add(new byte[] {2})).isFalse();
    }
}
