package flow

import (
	"net/http"
	"net/netip"

	"rehearse/proxy"
	"rehearse/proxy/policy"
)

// From is the flow of an explicit client that a request belongs to: a request in
// clear for http, else a CONNECT with TLS in it and the request inside. protocol
// is what is spoken inside TLS where it is no HTTP: "sips", "ms-turn", or anything
// else for bytes that nobody knows; "" is HTTP. detect is the service's attribute.
func From(tx *policy.Transaction, protocol string, detect bool) *Flow {
	f := &Flow{
		Service: proxy.Service{Name: tx.Service, Group: tx.Group, Kind: proxy.ExplicitHTTP, Port: tx.Proxy.Port(), DetectProtocol: detect},
		Client:  tx.Client.Addr(), Proxy: tx.Proxy.Addr(), Time: tx.Time,
		User: proxy.Identity{User: tx.User, Realm: tx.Realm, Groups: tx.GroupsOf},
		Host: tx.URL.Host, Port: tx.URL.Port, Categories: tx.Categories,
		Method: tx.Method, Path: tx.URL.Path, Query: tx.URL.Query, Header: tx.RequestHeader,
		Status: tx.Status, ResponseHeader: tx.ResponseHeader, Other: tx.Other,
		ClientTLS: tx.ClientTLSVersion, ClientCipher: tx.ClientCipher,
		Origin: Origin{TLS: tx.ServerTLSVersion, Cipher: tx.ServerCipher},
	}
	if c := tx.ServerCertificate; c != nil {
		f.Origin.Names, f.Origin.CommonName = c.DNSNames, c.Subject.CommonName
	}
	if tx.ResolveHost != nil {
		if addresses := tx.ResolveHost(f.Host); len(addresses) > 0 {
			f.Address = addresses[0]
		}
	}
	f.fill()
	if tx.URL.Scheme == "http" && tx.Method != http.MethodConnect {
		f.Speaks = HTTP
		return f
	}
	if f.Method == http.MethodConnect {
		f.Method = http.MethodGet
	}
	f.Connect, f.Speaks = true, TLS
	f.Inside = map[string]Bytes{"": HTTP, "https": HTTP, "http": HTTP, "ssl": HTTP, "sips": SIP, "ms-turn": MSTURN}[protocol]
	if f.Inside == "" {
		f.Inside = Unknown
	}
	return f
}

// Place puts a flow without a service on the usual one for what it speaks: explicit
// behind a CONNECT, else a transparent one, each with Detect Protocol. What is left
// open is filled in.
func Place(f *Flow) {
	if f.Service.Kind == "" {
		f.Service = placeOf(f)
	}
	f.fill()
}

func placeOf(f *Flow) proxy.Service {
	kind := proxy.TCPTunnel
	switch {
	case f.Connect:
		kind = proxy.ExplicitHTTP
	case f.Speaks == TLS:
		kind = proxy.SSL
	case f.Speaks == HTTP:
		kind = proxy.HTTP
	}
	for _, s := range Shapes() {
		if s.Service.Kind == kind {
			return s.Service
		}
	}
	return Shapes()[0].Service
}

// fill gives what every flow has where a transaction leaves it open.
func (f *Flow) fill() {
	usual := Shapes()[0].Service
	if f.Service.Name == "" {
		f.Service.Name = usual.Name
	}
	if f.Service.Group == "" {
		f.Service.Group = usual.Group
	}
	if f.Service.Port == 0 {
		f.Service.Port = usual.Port
	}
	if !f.Client.IsValid() {
		f.Client = UsualClient()
	}
	if !f.Proxy.IsValid() || f.Proxy.IsUnspecified() {
		f.Proxy = netip.AddrFrom4([4]byte{10, 1, 0, 1})
	}
	if f.Time.IsZero() {
		f.Time = UsualTime()
	}
	if f.Status == 0 {
		f.Status = http.StatusOK
	}
	for _, version := range []*string{&f.ClientTLS, &f.Origin.TLS} {
		if *version == "" {
			*version = "TLSV1.2"
		}
	}
	for _, cipher := range []*string{&f.ClientCipher, &f.Origin.Cipher} {
		if *cipher == "" {
			*cipher = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
		}
	}
}
