package diagnose

import (
	"fmt"

	"rehearse/reports/journal"
)

// gaps are what cannot be told from the capture, and what to record besides.
func (s *scene) gaps() []Gap {
	var modern, midway, oneSided, hidden int
	for _, c := range s.conns {
		end, ok := first[journal.HandshakeEnded](c)
		_, leaf := c.leaf()
		_, begun := first[journal.HelloSeen](c)
		switch {
		case ok && end.body.Version == "TLS 1.3" && !leaf:
			modern++
		case ok && !begun:
			midway++
		case c.oneSided(), begun && c.silentServer():
			oneSided++
		case ok && end.body.Err == "" && c.used() && !c.opened():
			hidden++
		}
	}
	var out []Gap
	add := func(n int, what, record string) {
		if n > 0 {
			out = append(out, Gap{fmt.Sprintf("%s: %s", counted(n), what), record})
		}
	}
	add(modern, "TLS 1.3 hides the certificates", "record with a key log (SSLKEYLOGFILE of the client, or of a browser that shows the same) and give it with --keys; or record a client that offers TLS 1.2 at most")
	add(hidden, "what was said inside of TLS is encrypted", "give the keys with --keys: a key log of the client, or of the interceptor")
	add(midway, "the beginning of the connection was not captured", "start to record before the client signs in, and close its old connections first")
	add(oneSided, "only what the client sends is there", "record where both directions pass, without a filter on source or destination")
	if len(s.lookups) == 0 && len(s.conns) > 0 {
		out = append(out, Gap{"no look-up of a name is in the capture", "record port 53 as well, from before the client is started, with its cache emptied"})
	}
	return out
}

func counted(n int) string {
	if n == 1 {
		return "1 connection"
	}
	return fmt.Sprintf("%d connections", n)
}

// oneSided says that nothing of the server's side was captured.
func (c *conn) oneSided() bool {
	e, ok := first[journal.Connected](c)
	return ok && e.body.Err == oneSided
}

// silentServer says that not one event of the connection is the server's, and that
// it was not seen to fail.
func (c *conn) silentServer() bool {
	end, ok := first[journal.HandshakeEnded](c)
	_, closed := c.closed()
	return ok && end.body.Err == "client hello only" && !closed
}
