package io.sallyport.security.vault;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicInteger;

/** Ends the process, as by SIGKILL, at one point of its life: before or after the n-th call of a method of its store. */
final class FailpointStore {

    private FailpointStore() {}

    /** Takes a point such as {@code after:reseal:3}; others, such as {@code -} for none, are never come to. */
    static VaultStore of(VaultStore store, String point) {
        int end = point.lastIndexOf(':');
        String where = end < 0 ? "" : point.substring(0, end);
        AtomicInteger left = new AtomicInteger(end < 0 ? 0 : Integer.parseInt(point.substring(end + 1)));
        return (VaultStore) Proxy.newProxyInstance(
                VaultStore.class.getClassLoader(), new Class<?>[] {VaultStore.class}, (proxy, method, arguments) -> {
                    pass(where.equals("before:" + method.getName()), left);
                    try {
                        return method.invoke(store, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    } finally {
                        pass(where.equals("after:" + method.getName()), left);
                    }
                });
    }

    private static void pass(boolean isPoint, AtomicInteger left) {
        if (isPoint && left.decrementAndGet() == 0) {
            Runtime.getRuntime().halt(137);
        }
    }
}
