package io.sallyport.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InMemoryEventLogTest implements EventLogContract {

    @Override
    public EventLog open(int bytesPerStream, int streamsPerSession) {
        return EventLog.inMemory(bytesPerStream, streamsPerSession);
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "1, 0", "-1, 1"})
    void boundsThatMakeNoSenseAreRefused(int bytes, int streams) {
        assertThatThrownBy(() -> open(bytes, streams))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "bytesPerStream and streamsPerSession must be positive, but were " + bytes + " and " + streams);
    }

    @Test
    void aClosedLogKeepsNothing() {
        EventLog log = open(10, 1);
        log.append("s", "a", "1");
        log.close();

        assertThat(log.after("s", "a", 0)).isEmpty();
    }
}
