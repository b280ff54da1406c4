/**
 * The tools by which models run code: a gateway serves them as it serves any other. Begin with {@link
 * io.sallyport.sandbox.tools.SandboxTools}.
 */
@NullMarked
package io.sallyport.sandbox.tools;

import org.jspecify.annotations.NullMarked;
