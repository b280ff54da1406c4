/**
 * What a gateway adds to a call, measured beside nginx: {@code run.sh} starts and measures, the README tells what it shows.
 *
 * <p>{@link io.sallyport.examples.benchmark.Main} is the bare gateway, or the {@link
 * io.sallyport.examples.benchmark.EchoServer} behind all paths that are measured. {@link io.sallyport.examples.benchmark.SandboxLatency} measures the
 * sandbox, for {@code sandbox.sh}.
 */
@NullMarked
package io.sallyport.examples.benchmark;

import org.jspecify.annotations.NullMarked;
