package io.sallyport.upstream.stdio;

import static io.sallyport.upstream.stdio.MarkedTree.Reason.PARENT;
import static io.sallyport.upstream.stdio.MarkedTree.Reason.SEED;
import static io.sallyport.upstream.stdio.MarkedTree.Reason.SESSION;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.sallyport.upstream.stdio.MarkedTree.Member;
import io.sallyport.upstream.stdio.ProcessTable.Entry;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Who belongs to a tree, by tables of processes that were made up. */
class MarkedTreeTest {

    private static final long GATEWAY = 50;
    private static final long GATEWAY_SESSION = 40;

    @Test
    void whoCarriesTheMarkBelongsWhoeverItsParentIs() {
        assertThat(members(Set.of(), marked(100, GATEWAY, 100), marked(300, 1, 300)))
                .extracting(member -> member.entry().pid(), Member::reason)
                .containsExactly(tuple(100L, SEED), tuple(300L, SEED));
    }

    @Test
    void descendantsBelongWithoutTheMarkAndAfterTheirParents() {
        assertThat(members(Set.of(), plain(101, 102, 101), plain(102, 103, 102), marked(103, GATEWAY, 103)))
                .extracting(member -> member.entry().pid(), Member::reason)
                .containsExactly(tuple(103L, SEED), tuple(102L, PARENT), tuple(101L, PARENT));
    }

    @Test
    void theSessionOfAMemberBelongs() {
        assertThat(members(Set.of(), plain(90, 1, 100), marked(101, 1, 100)))
                .extracting(member -> member.entry().pid(), Member::reason)
                .containsExactly(tuple(101L, SEED), tuple(90L, SESSION));
    }

    @Test
    void aSessionBelongsAfterTheProcessThatOpenedItIsDead() {
        assertThat(members(Set.of(100L), plain(101, 1, 100)))
                .extracting(Member::reason)
                .containsExactly(SESSION);
    }

    @Test
    void theSessionOfTheGatewayIsNoProof() {
        // A child without a session of its own shares the gateway's with whoever else was started there.
        assertThat(members(Set.of(), marked(100, GATEWAY, GATEWAY_SESSION), plain(60, 1, GATEWAY_SESSION)))
                .extracting(member -> member.entry().pid())
                .containsExactly(100L);
    }

    @Test
    void neitherTheGatewayNorTheKernelsSessionBelongs() {
        assertThat(members(
                        Set.of(),
                        marked(GATEWAY, 1, GATEWAY_SESSION),
                        marked(100, GATEWAY, 0),
                        plain(2, 0, 0),
                        plain(1, 0, 1)))
                .extracting(member -> member.entry().pid())
                .containsExactly(100L);
    }

    private static List<Member> members(Set<Long> sessions, Entry... entries) {
        return MarkedTree.members(List.of(entries), Entry::marked, sessions, GATEWAY_SESSION, GATEWAY);
    }

    private static Entry marked(long pid, long parent, long session) {
        return new Entry(pid, parent, session, 7, true);
    }

    private static Entry plain(long pid, long parent, long session) {
        return new Entry(pid, parent, session, 7, false);
    }
}
