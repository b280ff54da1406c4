/** A gateway whose tools run code in a sandbox. Begin with {@link io.sallyport.examples.codeinterpreter.CodeInterpreter}. */
@NullMarked
package io.sallyport.examples.codeinterpreter;

import org.jspecify.annotations.NullMarked;
