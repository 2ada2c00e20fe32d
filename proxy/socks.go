package proxy

import (
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"rehearse/proxy/policy"
	"rehearse/proxy/wire"
	"rehearse/proxy/wire/socks"
)

// acceptSOCKS reads the request of a SOCKS client. Nobody is asked to authenticate.
//
// Modelled: such a flow is a tcp.tunnel transaction for which socks=yes holds; its
// client.protocol is socks as long as nothing else is detected in it.
func acceptSOCKS(f *flow) stage {
	f.client.deadline(time.Now().Add(headerWait))
	defer f.client.deadline(time.Time{})
	q, err := f.readSOCKS()
	if err != nil {
		return nil
	}
	f.connect = f.transaction(policy.TCPTunnel)
	f.connect.Other = map[string][]string{"socks.version": {strconv.Itoa(int(q.Version))}}
	f.connect.ClientProtocol, f.connect.Detecting = "socks", f.target.Service.DetectProtocol
	f.socks = q.Version
	f.setOrigin(hostOf(q.Host), q.Port)
	f.tunnelURL(f.connect)
	if q.Command != socks.Connect {
		return f.refuseSOCKS(socks.NoSuchCommand, newException("not_implemented", "Only connections are made."))
	}
	return decideSOCKS
}

// hostOf is a host in policy's form: names in lower case, addresses in their own.
func hostOf(s string) string {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Unmap().String()
	}
	return strings.ToLower(strings.TrimSuffix(s, "."))
}

// readSOCKS reads as far as the request, and answers a greeting on the way.
func (f *flow) readSOCKS() (q socks.Request, err error) {
	first, err := f.client.reader().Peek(1)
	if err != nil {
		return q, err
	}
	if first[0] == socks.Version4 {
		err = f.read(func(b []byte) (n int, err error) {
			q, n, err = socks.ParseRequest4(b)
			return n, err
		})
		return q, err
	}
	var methods []byte
	err = f.read(func(b []byte) (n int, err error) {
		m, n, err := socks.ParseGreeting(b)
		methods = slices.Clone(m)
		return n, err
	})
	if err != nil {
		return q, err
	}
	if !slices.Contains(methods, socks.NoAuthentication) {
		f.client.Write(socks.AppendMethod(nil, socks.NoneAcceptable))
		return q, errors.New("no method of authentication in common")
	}
	if _, err := f.client.Write(socks.AppendMethod(nil, socks.NoAuthentication)); err != nil {
		return q, err
	}
	err = f.read(func(b []byte) (n int, err error) {
		q, n, err = socks.ParseRequest5(b)
		return n, err
	})
	return q, err
}

// read takes one message from the client: parse gives its length, or wire.ErrShort.
func (f *flow) read(parse func([]byte) (int, error)) error {
	for prefix := f.client.buffered(); ; {
		n, err := parse(prefix)
		if err == nil {
			f.client.reader().Discard(n)
			return nil
		}
		if !errors.Is(err, wire.ErrShort) {
			return err
		}
		if prefix, err = f.client.grow(); err != nil {
			return err
		}
	}
}

// decideSOCKS evaluates policy. As with a CONNECT, detection comes after the answer.
func decideSOCKS(f *flow) stage {
	tx := f.connect
	if tx.Detecting && detecting(f.decide(tx, policy.AtRequest)) {
		if !f.replySOCKS(socks.Succeeded, netip.AddrPort{}) {
			return nil
		}
		return peekOuter
	}
	tx.Detecting, tx.Tunneled = false, policy.Yes
	if _, no := f.verdict(tx, settled); no != nil {
		return f.refuseSOCKS(socks.NotAllowed, no)
	}
	server, failed := f.dialServer()
	if failed != nil {
		return f.refuseSOCKS(socksReply(failed), failed)
	}
	if !f.replySOCKS(socks.Succeeded, addrPort(server.LocalAddr())) {
		return nil
	}
	return f.tunnelTo(server, "socks", tx)
}

// socksReply is what a failure to connect is to a SOCKS client.
func socksReply(e *exception) socks.Reply {
	if e.id == "dns_unresolved_hostname" || e.id == "dns_server_failure" {
		return socks.HostUnreachable
	}
	return socks.Refused
}

func (f *flow) replySOCKS(y socks.Reply, bound netip.AddrPort) bool {
	_, err := f.client.Write(y.Append(nil, f.socks, bound))
	return err == nil
}

// refuseSOCKS tells the client no in its own words, and closes.
func (f *flow) refuseSOCKS(y socks.Reply, e *exception) stage {
	f.denied, f.deniedBy = e, f.connect
	f.replySOCKS(y, netip.AddrPort{})
	f.logDenied()
	return f.refuse(e, "close")
}
