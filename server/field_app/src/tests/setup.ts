import "fake-indexeddb/auto";

Object.assign(globalThis, { isSecureContext: true }); // as at https or on this machine
