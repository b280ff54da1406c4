/**
 * Sandboxes that are processes of their own, on Linux: what the kernel gives them is what they have. Begin with {@link
 * io.sallyport.sandbox.process.ProcessSandbox}.
 */
@NullMarked
package io.sallyport.sandbox.process;

import org.jspecify.annotations.NullMarked;
