package main

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"rehearse/proxy/emulate"
	"rehearse/simulator/pki"
)

// judged is `judged WHAT`: a TLS server on a free port of loopback, at the address
// $JUDGED, with a certificate for www.example.test from a PKI whose CRLs and OCSP
// answers are at the address $PKI. Its root lies in root.pem. WHAT is:
//
//	good      nothing is wrong
//	revoked   its certificate is revoked
//	offline   whoever asks about revocation is reset
//	bare      its certificate has no revocation pointers
//	silent    it accepts connections and says nothing
//	plain     it speaks no TLS
//
// $NOBODY is an address where nobody listens.
func judged(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: judged WHAT")
	}
	status := listen(ts)
	authority, err := pki.New(pki.Config{Now: time.Now, Host: status.Addr().String()})
	ts.Check(err)
	answers := &http.Server{Handler: authority.Handler()}
	go answers.Serve(status)
	ts.Defer(func() { answers.Close() })
	template := emulate.Template{Names: []string{"www.example.test"}}
	switch args[0] {
	case "bare":
		template.OCSP, template.CRL = []string{}, []string{}
	case "offline":
		authority.Impose(pki.Fault{Kind: "down"})
	}
	leaf, err := authority.Issue(template)
	ts.Check(err)
	if args[0] == "revoked" {
		_, err := authority.Revoke("www.example.test")
		ts.Check(err)
	}
	server := listen(ts)
	go accept(server, leaf, args[0])
	nobody := listen(ts)
	nobody.Close()
	ts.Setenv("JUDGED", server.Addr().String())
	ts.Setenv("PKI", status.Addr().String())
	ts.Setenv("NOBODY", nobody.Addr().String())
	ts.Check(os.WriteFile(ts.MkAbs("root.pem"), authority.RootPEM(), 0o666))
}

func listen(ts *testscript.TestScript) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	return l
}

// accept serves connections until the listener is closed. The handshake is all
// there is; then it waits for the client to go.
func accept(l net.Listener, leaf *tls.Certificate, what string) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			switch what {
			case "plain":
				io.WriteString(conn, "220 this is no TLS\r\n")
			case "silent":
			default:
				conn = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{*leaf}})
			}
			io.Copy(io.Discard, conn)
		}()
	}
}
