/* What the management library says of a machine with a card that is well and one that fell off the bus.
 * Shapes and numbers of results are those of NVIDIA's nvml.h; the values are those that the driver's
 * documentation gives for an RTX 5090 (32,607 MiB). Nobody has recorded them on a card here. */
#include <string.h>

enum { SUCCESS = 0, NOT_SUPPORTED = 3, GPU_IS_LOST = 15 };

static int well, lost;

typedef struct { unsigned version; unsigned long long total, reserved, free, used; } memory_t;
typedef struct { unsigned gpu, memory; } utilization_t;

int nvmlInit_v2(void) { return SUCCESS; }
int nvmlShutdown(void) { return SUCCESS; }
const char *nvmlErrorString(int result) { return result == GPU_IS_LOST ? "GPU is lost" : "?"; }

int nvmlDeviceGetCount_v2(unsigned *count) { *count = 2; return SUCCESS; }

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) {
    *device = index == 0 ? &well : &lost;
    return SUCCESS;
}

int nvmlDeviceGetName(void *device, char *name, unsigned length) {
    strncpy(name, "NVIDIA GeForce RTX 5090", length);
    return SUCCESS;
}

int nvmlDeviceGetUUID(void *device, char *uuid, unsigned length) {
    strncpy(uuid, device == &well ? "GPU-00000000-0000-0000-0000-000000000001"
                                  : "GPU-00000000-0000-0000-0000-000000000002", length);
    return SUCCESS;
}

int nvmlDeviceGetMemoryInfo_v2(void *device, memory_t *memory) {
    if (device == &lost) return GPU_IS_LOST;
    memory->total = 32607ULL << 20;
    memory->reserved = 500ULL << 20;
    memory->free = 30000ULL << 20;
    memory->used = 2107ULL << 20;
    return SUCCESS;
}

int nvmlDeviceGetUtilizationRates(void *device, utilization_t *rates) {
    if (device == &lost) return GPU_IS_LOST;
    rates->gpu = 37;
    rates->memory = 12;
    return SUCCESS;
}

int nvmlDeviceGetEncoderStats(void *device, unsigned *sessions, unsigned *fps, unsigned *latency) {
    if (device == &lost) return GPU_IS_LOST;
    *sessions = 2;
    *fps = 300;
    *latency = 4000;
    return SUCCESS;
}

/* A card without this sensor. */
int nvmlDeviceGetTemperature(void *device, int sensor, unsigned *celsius) { return NOT_SUPPORTED; }
