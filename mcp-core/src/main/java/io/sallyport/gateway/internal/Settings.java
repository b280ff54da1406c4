package io.sallyport.gateway.internal;

import io.sallyport.protocol.MessageLimits;
import java.time.Duration;

/**
 * The limits and times of a gateway, each a setting of its builder, where they are documented.
 *
 * @param clientLimits what clients may send
 * @param upstreamLimits what upstreams may send
 * @param callDeadline how long a call may take without progress
 * @param maxCallDuration how long a call may take at all
 * @param maxDefinitions how many definitions of one kind an upstream may list
 * @param maxSessionsPerUpstream how many sessions are kept with one upstream
 * @param upstreamSessionIdle after how long without a call a shared session with an upstream is closed
 * @param maxStreamsPerPrincipal how many streams a principal may have open
 * @param streamBufferBytes how much may wait in one stream for a slow client
 * @param idleHeartbeat after how long an idle stream gets a comment
 * @param nodeLease after how long without a sign of life other nodes take over
 * @param startupPatience how long a list waits for upstreams that have not been tried yet
 * @param clientInfo who the gateway is to its upstreams, as a JSON object
 */
public record Settings(
        MessageLimits clientLimits,
        MessageLimits upstreamLimits,
        Duration callDeadline,
        Duration maxCallDuration,
        int maxDefinitions,
        int maxSessionsPerUpstream,
        Duration upstreamSessionIdle,
        int maxStreamsPerPrincipal,
        int streamBufferBytes,
        Duration idleHeartbeat,
        Duration nodeLease,
        Duration startupPatience,
        String clientInfo) {}
