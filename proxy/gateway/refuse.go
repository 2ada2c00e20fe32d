package gateway

import (
	"net"
	"strings"
	"sync"
	"time"

	"rehearse/proxy/accesslog"
)

// refusals counts the connections that were refused, by why, between two notes.
type refusals struct {
	mu    sync.Mutex
	noted map[string]time.Time
	since map[string]int
}

// noteEvery is how often a reason for refusing is told at most.
const noteEvery = 10 * time.Second

// count adds one; n is how many there were since the last note where one is due.
func (r *refusals) count(why string) (n int, due bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.noted == nil {
		r.noted, r.since = map[string]time.Time{}, map[string]int{}
	}
	r.since[why]++
	if now := time.Now(); now.Sub(r.noted[why]) >= noteEvery {
		n, due = r.since[why], true
		r.noted[why], r.since[why] = now, 0
	}
	return n, due
}

// kindOf is a reason without what differs from one to the next.
func kindOf(why string) string {
	kind, _, _ := strings.Cut(why, ":")
	return kind
}

// refuse tells of a connection that was reset and never became a flow.
func (g *Gateway) refuse(c *net.TCPConn, why string) {
	g.meters.add("rehearse_refused_total", "why", kindOf(why))
	if n, due := g.refused.count(why); due {
		g.conf.Note("connection of %s refused: %s (%d since the last time)", addrOf(c.RemoteAddr()), why, n)
	}
	if g.conf.Proxy.AccessLog == nil {
		return
	}
	g.conf.Proxy.AccessLog.Write([]string{"main"}, &accesslog.Record{
		Time: g.conf.Proxy.Now(), Client: addrOf(c.RemoteAddr()).Addr(), Server: addrOf(c.LocalAddr()).Addr(),
		Denied: true, Action: "DENIED", Scheme: "tcp", Site: "tcp.tunnel",
	})
}
