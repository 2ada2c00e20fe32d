package gateway

import (
	"context"
	"runtime/debug"
	"time"
)

// restAfter is how long no connection begins or ends before the gateway takes itself
// to rest.
const restAfter = time.Second

// restRounds is how often memory is gone through then: stacks shrink by half at a time,
// and what pools keep, pipes for splicing among it, is let go at the third.
const restRounds = 3

// rest gives memory back to the system when a rush is over: what handshakes have left,
// and the stacks that they were made on. Connections that stay cost what they need from
// then on, not what they needed to begin. It goes on until ctx ends.
func (g *Gateway) rest(ctx context.Context) {
	tick := time.NewTicker(restAfter)
	defer tick.Stop()
	rounds := 0
	for seen := int64(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		switch now := g.moves.Load(); {
		case now != seen:
			seen, rounds = now, restRounds
		case rounds > 0:
			debug.FreeOSMemory()
			rounds--
		}
	}
}
