package io.sallyport.session.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.spi.SessionStore;
import io.sallyport.spi.SessionStore.Capabilities;
import io.sallyport.spi.SessionStore.Durability;
import io.sallyport.spi.StoreUnavailableException;
import java.net.URI;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What can be told of a store without its server. */
class RedisSessionStoreBuilderTest {

    private static final URI SOMEWHERE = URI.create("redis://:s3cret-canary@127.0.0.1:1");

    @ParameterizedTest
    @ValueSource(strings = {"http://user:s3cret-canary@localhost", "x"})
    void anAddressThatIsNoneIsRefusedWithoutTellingIt(String address) {
        assertThatThrownBy(() -> RedisSessionStore.at(URI.create(address)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasNoCause()
                .hasMessage("the address of Redis cannot be read; it must be like redis://user:password@host:6379/0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "{a}", "a\n"})
    void aPrefixThatWouldSpoilKeysIsRefused(String prefix) {
        RedisSessionStore.Builder builder = RedisSessionStore.at(SOMEWHERE);

        assertThatThrownBy(() -> builder.keyPrefix(prefix))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("keyPrefix must be 1 to 64 of A-Z a-z 0-9 . _ : -, but was \"" + prefix + "\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT0S", "PT-1S", "PT0.009S", "PT1M0.001S"})
    void aTimeForCommandsOutOfBoundsIsRefused(Duration timeout) {
        RedisSessionStore.Builder builder = RedisSessionStore.at(SOMEWHERE);

        assertThatThrownBy(() -> builder.commandTimeout(timeout))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("commandTimeout must be from PT0.01S to PT1M, but was " + timeout);
    }

    @Test
    void theDefaultsAreThoseThatAreDocumented() {
        try (RedisSessionStore store = RedisSessionStore.at(SOMEWHERE).build()) {
            assertThat(store.bounds()).isEqualTo(SessionStore.Bounds.defaults());
            assertThat(store.toString()).startsWith("RedisSessionStore[{sallyport}, ");
        }
    }

    @Test
    void aSentinelIsTakenForWhatMayReplaceTheServer() {
        URI uri = URI.create("redis-sentinel://:s3cret-canary@127.0.0.1:1,127.0.0.1:2#primary");
        try (RedisSessionStore store = RedisSessionStore.at(uri).build()) {
            assertThat(store.capabilities()).isEqualTo(new Capabilities(true, Durability.SERVER));
            assertThatThrownBy(store::size)
                    .isInstanceOf(StoreUnavailableException.class)
                    .hasMessage("Redis at primary of 127.0.0.1:1, 127.0.0.1:2 cannot be reached");
        }
    }
}
