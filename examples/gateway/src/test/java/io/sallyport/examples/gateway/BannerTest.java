package io.sallyport.examples.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.testing.Incident;
import java.net.InetAddress;
import org.junit.jupiter.api.Test;

class BannerTest {

    private static InetAddress address(String literal) throws Exception {
        return InetAddress.getByName(literal);
    }

    @Test
    @Incident("S21")
    @Incident("S56")
    @Incident("S193")
    void warnsThatNothingOutsideOfAContainerGetsIn() throws Exception {
        assertThat(Banner.warnings(address("127.0.0.1"), true))
                .containsExactly("this is a container, and 127.0.0.1 is the container itself: nothing outside of it"
                        + " gets here");
    }

    @Test
    @Incident("S56")
    void warnsThatNobodyElseIsServedWhereverItIsBound() throws Exception {
        assertThat(Banner.warnings(address("0.0.0.0"), true))
                .isEqualTo(Banner.warnings(address("192.0.2.1"), false))
                .singleElement()
                .asString()
                .contains("only requests from it are served", "no credentials");
    }

    @Test
    void saysNothingWhereAllIsWell() throws Exception {
        assertThat(Banner.warnings(address("127.0.0.1"), false)).isEmpty();
        assertThat(Banner.warnings(address("::1"), false)).isEmpty();
    }
}
