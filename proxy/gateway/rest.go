package gateway

import (
	"context"
	"runtime"
	"runtime/debug"
	"time"
)

// restAfter is how long no connection begins or ends before the gateway takes itself
// to rest.
const restAfter = time.Second

// rest gives memory back to the system when a rush is over: what handshakes have left,
// and the stacks that they were made on. Connections that stay cost what they need from
// then on, not what they needed to begin. It goes on until ctx ends.
func (g *Gateway) rest(ctx context.Context) {
	tick := time.NewTicker(restAfter)
	defer tick.Stop()
	var seen, cleared int64
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := g.moves.Load()
		if now == seen && now != cleared {
			runtime.GC() // stacks shrink by half at a time
			debug.FreeOSMemory()
			cleared = now
		}
		seen = now
	}
}
