package client

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"rehearse/proxy/wire/msturn"
	"rehearse/reports/journal"
	"rehearse/simulator/ice"
)

// How long the client waits for an answer of the A/V edge. Modelled: over UDP four
// requests, half a second and then twice as long apart (RFC 5389 7.2.1 has seven);
// over TCP one.
const (
	turnRTO   = 500 * time.Millisecond
	turnTries = 4
	turnLimit = 10 * time.Second
)

// allocation is a relay address at the A/V edge. One goroutine reads, another
// keeps it alive; both end with close.
type allocation struct {
	*Client
	conn   net.Conn
	name   string // the flow's
	stream bool   // TCP: frames around messages, RFC 4571 around packets

	relay     netip.AddrPort // what was allocated
	reflexive netip.AddrPort
	lifetime  time.Duration

	username msturn.Username
	password []byte

	arrived chan packet // what the client's calls wait for
	done    chan struct{}
	err     error           // why reading ended; set before done is closed
	ctx     context.Context // ends with close
	quit    context.CancelFunc
	wait    sync.WaitGroup

	mu       sync.Mutex // guards writing and what follows
	realm    msturn.Realm
	nonce    msturn.Nonce
	key      []byte // nil before the challenge
	sequence msturn.SequenceNumber
	pending  map[msturn.TransactionID]turnRequest
	active   netip.AddrPort
	streams  map[netip.AddrPort]*ice.Packets // by peer
	keys     iceKeys
	closing  bool
}

// packet is what a peer sent through the relay: a good answer to a connectivity
// check, or anything else that is no check.
type packet struct {
	from  netip.AddrPort
	data  []byte
	check *ice.Check // nil for media
}

// iceKeys are the credentials of both ends of a call.
type iceKeys struct {
	ufrag, password             string
	remoteUfrag, remotePassword string
}

// relayAt is where a relay can be reached and with what credentials, from MRAS.
type relayAt struct {
	host               string
	udpPort, tcpPort   uint16
	username, password []byte
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
	return w.allocateOn(newAllocation(w, f, f.name, true, r), r, redirects)
}

// allocateUDP gets a relay address over UDP, past every explicit proxy.
func (w *walk) allocateUDP(r relayAt) (*allocation, error) {
	addr, err := w.resolve(joinHost(r.host, strconv.Itoa(int(r.udpPort))))
	if err != nil {
		return nil, err
	}
	c, err := w.conf.Host.Dial(w.ctx, "udp", addr)
	if err != nil {
		return nil, err
	}
	return w.allocateOn(newAllocation(w, c, c.LocalAddr().String(), false, r), r, 0)
}

func newAllocation(w *walk, c net.Conn, name string, stream bool, r relayAt) *allocation {
	ctx, quit := context.WithCancel(context.Background())
	a := &allocation{
		Client: w.Client, conn: c, name: name, stream: stream, username: r.username, password: r.password,
		arrived: make(chan packet, 256), done: make(chan struct{}), quit: quit,
		pending: make(map[msturn.TransactionID]turnRequest), streams: make(map[netip.AddrPort]*ice.Packets),
	}
	a.ctx = ctx
	a.wait.Go(a.read)
	return a
}

// allocateOn does the rounds of Allocate. On a "try alternate" it goes where that
// points.
func (w *walk) allocateOn(a *allocation, r relayAt, redirects int) (*allocation, error) {
	alternate, err := a.allocate(w)
	if err == nil && !alternate.IsValid() {
		a.wait.Go(a.keep)
		return a, nil
	}
	a.close()
	if err != nil {
		return nil, w.fail(err)
	}
	if redirects <= 0 {
		return nil, w.refuse("msturn_300", "to "+alternate.String())
	}
	r.host, r.tcpPort = alternate.Addr().String(), alternate.Port()
	return w.allocateTCP(r, redirects-1)
}

// allocate sends Allocate requests until one is granted: without credentials,
// then with those for the challenge ([MS-TURN] 3.2), and once more should the
// nonce be stale. alternate is set where the server sends the client elsewhere.
func (a *allocation) allocate(w *walk) (alternate netip.AddrPort, err error) {
	const rounds = 3
	for range rounds {
		m := firstAllocate()
		signed := a.sign(m)
		answer, err := a.transact(w, m, true)
		if err != nil {
			return alternate, err
		}
		if answer.Type == msturn.AllocateResponse {
			return alternate, a.granted(w, answer)
		}
		why, _ := msturn.Find[msturn.ErrorCode](answer)
		switch {
		case why.Code == 300:
			to, _ := msturn.Find[msturn.AlternateServer](answer)
			if alternate = netip.AddrPort(to); alternate.IsValid() {
				return alternate, nil
			}
		case why.Code == 401 && !signed, why.Code == 438:
			a.challenged(answer)
			continue
		}
		return alternate, w.refuse(fmt.Sprintf("msturn_%d", why.Code), why.Reason)
	}
	return alternate, w.refuse("msturn_438", "stale again and again")
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
	a.key = msturn.Key(a.username, a.realm, a.password)
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
	m.Sign(a.key)
	return true
}

// granted takes the allocation from an answer, whose integrity has to be right.
func (a *allocation) granted(w *walk, m *msturn.Message) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := m.Verify(a.key); err != nil {
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

// turnRequest is a request that waits for its answer.
type turnRequest struct {
	answer chan *msturn.Message
	shown  bool // the journal has the answer, too
}

// transact sends a request and waits for its answer. shown: the journal has both.
func (a *allocation) transact(w *walk, m *msturn.Message, shown bool) (*msturn.Message, error) {
	r := turnRequest{answer: make(chan *msturn.Message, 1), shown: shown}
	a.mu.Lock()
	a.pending[m.TransactionID] = r
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		delete(a.pending, m.TransactionID)
		a.mu.Unlock()
	}()
	if shown {
		a.record(a.name, journal.TURNSent{Message: m.Type.String()})
	}
	return a.exchange(w, m, r.answer)
}

func (a *allocation) exchange(w *walk, m *msturn.Message, answer <-chan *msturn.Message) (*msturn.Message, error) {
	tries, patience := turnTries, turnRTO
	if a.stream {
		tries, patience = 1, turnLimit
	}
	for ; tries > 0; tries, patience = tries-1, 2*patience {
		if err := a.write(msturn.FrameControl, m.Bytes()); err != nil {
			return nil, a.broken(err)
		}
		t := time.NewTimer(patience)
		select {
		case got := <-answer:
			t.Stop()
			return got, w.pause(think)
		case <-a.done:
			t.Stop()
			return nil, a.err
		case <-w.ctx.Done():
			t.Stop()
			return nil, w.ctx.Err()
		case <-t.C:
		}
	}
	return nil, &stop{result: journal.Timeout, code: codeTimeout}
}

// broken waits, after a failure to write, until the reader has seen the end, too.
func (a *allocation) broken(err error) error {
	a.conn.SetReadDeadline(time.Now().Add(time.Second))
	<-a.done
	return err
}

// noteOf is what is worth telling of an answer.
func noteOf(m *msturn.Message) string {
	if why, ok := msturn.Find[msturn.ErrorCode](m); ok {
		return "error " + why.String()
	}
	if relay, ok := msturn.Find[msturn.MappedAddress](m); ok {
		return "relay address " + netip.AddrPort(relay).String()
	}
	return ""
}

// write sends one message or one piece of data.
func (a *allocation) write(t msturn.FrameType, payload []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stream {
		payload = msturn.AppendFrame(nil, t, payload)
	}
	_, err := a.conn.Write(payload)
	return err
}

// send carries a packet to a peer: raw to the active destination, else in a Send
// request, which is never answered.
func (a *allocation) send(to netip.AddrPort, data []byte) error {
	if a.stream {
		data = ice.AppendPacket(nil, data)
	}
	a.mu.Lock()
	active := a.active
	a.mu.Unlock()
	if active == to {
		return a.write(msturn.FrameData, data)
	}
	m := a.request(msturn.SendRequest, msturn.DestinationAddress(to), msturn.Data(data))
	a.sign(m)
	return a.write(msturn.FrameControl, m.Bytes())
}

func (a *allocation) request(t msturn.Type, more ...msturn.Attribute) *msturn.Message {
	m := &msturn.Message{Type: t, Attributes: append([]msturn.Attribute{msturn.VersionICE2}, more...)}
	rand.Read(m.TransactionID[:]) // never fails
	return m
}

// activate makes a peer the active destination: from then on its data travels
// without messages around it.
func (a *allocation) activate(w *walk, to netip.AddrPort) error {
	m := a.request(msturn.SetActiveDestinationRequest, msturn.DestinationAddress(to))
	a.sign(m)
	answer, err := a.transact(w, m, true)
	if err != nil {
		return err
	}
	if answer.Type != msturn.SetActiveDestinationResponse {
		why, _ := msturn.Find[msturn.ErrorCode](answer)
		return w.refuse(fmt.Sprintf("msturn_%d", why.Code), why.Reason)
	}
	a.mu.Lock()
	a.active = to
	a.mu.Unlock()
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

// close gives the allocation up without a word and waits for its goroutines.
func (a *allocation) close() {
	a.mu.Lock()
	a.closing = true
	a.mu.Unlock()
	a.quit()
	a.conn.Close()
	a.wait.Wait()
}

// lost is why the allocation's connection has ended, or nil.
func (a *allocation) lost() error {
	select {
	case <-a.done:
		return a.err
	default:
		return nil
	}
}
