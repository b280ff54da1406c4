package io.sallyport.resilience.ratelimit;

class LocalBucketStoreTest extends BucketStoreContract {

    @Override
    protected BucketStore open() {
        return BucketStore.local();
    }
}
