package client

import (
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"rehearse/proxy/wire/msturn"
)

// relayAt is where a relay can be reached and with what credentials, from MRAS.
type relayAt struct {
	host               string
	udpPort, tcpPort   uint16
	username, password []byte
	at                 netip.AddrPort // once the name is resolved
}

// allocateTCP gets a relay address over TCP: at port 443 behind pseudo-TLS, at any
// other in the clear, as pidgin-sipe decides it too. ICE knows addresses only, so
// the relay's name is resolved here and an explicit proxy is asked for the address:
// no rule by name matches that CONNECT.
func (w *walk) allocateTCP(r relayAt, redirects int) (*allocation, error) {
	addr, err := w.resolve(joinHost(r.host, strconv.Itoa(int(r.tcpPort))))
	if err != nil {
		return nil, err
	}
	f, err := w.open(addr)
	if err != nil {
		return nil, err
	}
	lift := w.limit(f, turnLimit)
	if r.tcpPort == 443 {
		if err := w.pseudoTLS(f); err != nil {
			f.Close()
			return nil, err
		}
	}
	lift()
	r.at, _ = netip.ParseAddrPort(addr) // resolve gives no other
	return w.allocateOn(newAllocation(w, f, f.name, true, r), r, redirects)
}

// allocateUDP gets a relay address over UDP, past every explicit proxy.
func (w *walk) allocateUDP(r relayAt, redirects int) (*allocation, error) {
	addr, err := w.resolve(joinHost(r.host, strconv.Itoa(int(r.udpPort))))
	if err != nil {
		return nil, err
	}
	c, err := w.conf.Host.Dial(w.ctx, "udp", addr)
	if err != nil {
		return nil, err
	}
	r.at, _ = netip.ParseAddrPort(addr) // resolve gives no other
	return w.allocateOn(newAllocation(w, c, c.LocalAddr().String(), false, r), r, redirects)
}

// allocateOn does the rounds of Allocate. Where another server is named, by a "try
// alternate" or already by the challenge, it goes there.
func (w *walk) allocateOn(a *allocation, r relayAt, redirects int) (*allocation, error) {
	alternate, err := a.allocate(w, r.at.Addr())
	if err == nil && !alternate.IsValid() {
		a.keeping.Go(a.keep)
		return a, nil
	}
	a.close()
	if err != nil {
		return nil, w.fail(err)
	}
	if redirects <= 0 {
		return nil, w.refuse("msturn_300", "to "+alternate.String())
	}
	r.host = alternate.Addr().String()
	if !a.stream {
		r.udpPort = alternate.Port()
		return w.allocateUDP(r, redirects-1)
	}
	r.tcpPort = alternate.Port()
	return w.allocateTCP(r, redirects-1)
}

// allocate sends Allocate requests until one is granted: without credentials,
// then with those for the challenge ([MS-TURN] 3.2), and once more should the
// nonce be stale. alternate is set where the server, whose address is given, sends
// the client elsewhere: a server's every challenge names one, mostly itself.
func (a *allocation) allocate(w *walk, self netip.Addr) (alternate netip.AddrPort, err error) {
	const rounds = 3
	for range rounds {
		m := firstAllocate()
		signed := a.sign(m)
		answer, err := a.transact(w, m, true)
		if err != nil {
			return netip.AddrPort{}, err
		}
		if answer.Type == msturn.AllocateResponse {
			return netip.AddrPort{}, a.granted(w, answer)
		}
		why, _ := msturn.Find[msturn.ErrorCode](answer)
		to, _ := msturn.Find[msturn.AlternateServer](answer)
		alternate = netip.AddrPort(to)
		switch {
		case alternate.IsValid() && (why.Code == 300 || why.Code == 401 && alternate.Addr() != self):
			return alternate, nil
		case why.Code == 401 && !signed, why.Code == 438:
			a.challenged(answer)
			continue
		}
		return netip.AddrPort{}, w.refuse(fmt.Sprintf("msturn_%d", why.Code), why.Reason)
	}
	return netip.AddrPort{}, w.refuse("msturn_438", "stale again and again")
}

// challenged takes realm and nonce from an error.
func (a *allocation) challenged(m *msturn.Message) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if realm, ok := msturn.Find[msturn.Realm](m); ok {
		a.realm = realm
	}
	if nonce, ok := msturn.Find[msturn.Nonce](m); ok {
		a.nonce = nonce
	}
	key := msturn.NewKey(a.username, a.realm, a.password)
	a.key = &key
}

// sign puts the credentials into a request, once there was a challenge; a Send
// request carries neither realm nor nonce, Set Active Destination no nonce.
func (a *allocation) sign(m *msturn.Message) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.key == nil {
		return false
	}
	m.Attributes = append(m.Attributes, a.username)
	if m.Type != msturn.SendRequest {
		m.Attributes = append(m.Attributes, a.realm)
	}
	if m.Type == msturn.AllocateRequest {
		m.Attributes = append(m.Attributes, a.nonce)
	}
	if a.relay.IsValid() && m.Type != msturn.SendRequest {
		a.sequence.Sequence++
		m.Attributes = append(m.Attributes, a.sequence)
	}
	m.Sign(*a.key)
	return true
}

// granted takes the allocation from an answer, whose integrity has to be right.
func (a *allocation) granted(w *walk, m *msturn.Message) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.key == nil || m.Verify(*a.key) != nil {
		return w.abort(codeSignature, "of the media relay")
	}
	relay, _ := msturn.Find[msturn.MappedAddress](m)
	reflexive, _ := msturn.Find[msturn.XORMappedAddress](m)
	lifetime, _ := msturn.Find[msturn.Lifetime](m)
	a.relay, a.reflexive, a.lifetime = netip.AddrPort(relay), netip.AddrPort(reflexive), time.Duration(lifetime)*time.Second
	a.sequence, _ = msturn.Find[msturn.SequenceNumber](m)
	if !a.relay.IsValid() {
		return w.abort(codeProtocol, "an allocation without an address")
	}
	return nil
}

// refresh extends the allocation, or with lifetime 0 gives it up. A stale nonce is
// replaced once.
func (a *allocation) refresh(w *walk, lifetime msturn.Lifetime, shown bool) error {
	var why msturn.ErrorCode
	for range 2 {
		m := a.request(msturn.AllocateRequest, lifetime)
		a.sign(m)
		answer, err := a.transact(w, m, shown)
		if err != nil || answer.Type == msturn.AllocateResponse {
			return err
		}
		if why, _ = msturn.Find[msturn.ErrorCode](answer); why.Code != 438 {
			break
		}
		a.challenged(answer)
	}
	return w.refuse(fmt.Sprintf("msturn_%d", why.Code), why.Reason)
}

// keep refreshes the allocation at half of its lifetime, libnice's rule for short
// ones, as long as it lasts.
func (a *allocation) keep() {
	w := &walk{Client: a.Client, ctx: a.ctx, aside: true}
	for w.pause(a.lifetime/2) == nil && a.lost() == nil {
		// After a refusal there is a second chance before the lifetime ends.
		_ = a.refresh(w, msturn.Lifetime(a.lifetime/time.Second), false)
	}
}
