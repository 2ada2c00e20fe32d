package client

import (
	"context"
	"crypto/x509"
	"net"
	"time"

	"rehearse/reports/journal"
	"rehearse/simulator/world"
)

func (v Verify) take(w *walk) end {
	w.reach("", journal.StageResolve)
	host, _, err := net.SplitHostPort(v.Server)
	if err != nil {
		return end{stop: w.abort(codeAddress, v.Server)}
	}
	f, err := w.open(v.Server)
	if err != nil {
		return end{stop: w.fail(err)}
	}
	conn, err := w.secure(f, host)
	if err != nil {
		return end{stop: w.fail(err)}
	}
	conn.Close()
	w.record(f.name, journal.Closed{By: "client", How: "FIN", After: "Finished"})
	w.reach(f.name, journal.StageDone)
	return end{}
}

// VerifyConfig is one question about one TLS server. Host, Server, Roots and
// Profile are needed.
type VerifyConfig struct {
	Host    world.Host // world.OS for real sockets
	Server  string     // "host:port"; host is the name that is verified and sent as SNI
	Proxy   string     // explicit proxy, "" for none
	Roots   *x509.CertPool
	Profile Profile
	Ending  Ending           // "" is the profile's
	Now     func() time.Time // nil is time.Now
}

// Verdict is the answer.
type Verdict struct {
	Accept  bool
	Outcome journal.Outcome
	// Fetches is every CRL and OCSP fetch, in order.
	Fetches []journal.RevocationFetched
	Log     journal.Log
}

// VerifyServer makes one TLS connection and judges the server as a client of that
// profile does. It ends with ctx at the latest.
func VerifyServer(ctx context.Context, conf VerifyConfig) Verdict {
	if conf.Now == nil {
		conf.Now = time.Now
	}
	log := journal.NewMemory()
	c := New(Config{
		Name: "client", Host: conf.Host, Recorder: log, Now: conf.Now, Roots: conf.Roots,
		Profile: conf.Profile, Proxy: conf.Proxy, Ending: conf.Ending,
	})
	defer c.Close()
	out := c.Do(ctx, Verify{Server: conf.Server})
	return Verdict{
		Accept: out.Result == journal.OK, Outcome: out,
		Fetches: journal.Find[journal.RevocationFetched](log.Log()), Log: log.Log(),
	}
}
