package io.sallyport.sandbox;

import java.util.HashMap;
import java.util.Map;

/** Keeps account of what sessions use, for each tenant and over all. Under the lock of whoever has it. */
final class SessionBudget {

    private final Room most;
    private final Room mostOfTenant;
    private final Map<String, Room> used = new HashMap<>();
    private Room usedByAll = Room.NONE;

    SessionBudget(Room most, Room mostOfTenant) {
        this.most = most;
        this.mostOfTenant = mostOfTenant;
    }

    /** Returns whether there would be room for it, if so much of the same tenant's were given back first. */
    boolean fits(String tenant, Room room, Room givenBack) {
        return fitsTenant(tenant, room, givenBack)
                && most.hasRoomFor(usedByAll.minus(givenBack).plus(room));
    }

    boolean fitsTenant(String tenant, Room room, Room givenBack) {
        return mostOfTenant.hasRoomFor(usedBy(tenant).minus(givenBack).plus(room));
    }

    void take(String tenant, Room room) {
        usedByAll = usedByAll.plus(room);
        used.merge(tenant, room, Room::plus);
    }

    void giveBack(String tenant, Room room) {
        usedByAll = usedByAll.minus(room);
        // Who has nothing is not remembered: tenants come and go.
        used.computeIfPresent(tenant, (key, had) -> had.minus(room).equals(Room.NONE) ? null : had.minus(room));
    }

    Room usedBy(String tenant) {
        return used.getOrDefault(tenant, Room.NONE);
    }

    Room usedByAll() {
        return usedByAll;
    }

    Room mostOfTenant() {
        return mostOfTenant;
    }
}
