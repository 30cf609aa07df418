package main

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
)

const traceTopic = "RMQ_SYS_TRACE_TOPIC"

// trace: the client itself writes about each message it sends and consumes.
func trace(r *run) (figures, error) {
	count := 20
	if err := r.makeTopic(4); err != nil {
		return nil, err
	}
	config := func() *primitive.TraceConfig {
		return &primitive.TraceConfig{GroupName: r.group("trace"), NamesrvAddrs: []string{r.text("namesrv")}}
	}
	p, err := r.producer(producer.WithTrace(config()))
	if err != nil {
		return nil, err
	}
	sent, err := sendEach(p, r.topic(), 0, count)
	if err != nil {
		return nil, err
	}
	in := newInbox(r.topic())
	_, err = r.pushConsumer(r.group("consumer"), "*", func(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		for _, message := range messages {
			in.accept(message)
		}
		return consumer.ConsumeSuccess, nil
	}, consumer.WithTrace(config()))
	if err != nil {
		return nil, err
	}
	if err := in.await(count); err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, result := range sent {
		wanted["Pub "+r.group("producer")+" "+result.MsgID] = true
		wanted["SubBefore "+r.group("consumer")+" "+result.MsgID] = true
		wanted["SubAfter "+r.group("consumer")+" "+result.MsgID] = true
	}
	return figures{"traced": count}, awaitTraces(r, wanted)
}

// awaitTraces reads the trace topic from its start until all of them came.
func awaitTraces(r *run, wanted map[string]bool) error {
	var lock sync.Mutex
	found := map[string]bool{}
	var failure error
	_, err := r.pushConsumerOf(traceTopic, r.group("trace-reader"), "*", func(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		lock.Lock()
		defer lock.Unlock()
		for _, message := range messages {
			for _, way := range tracesIn(string(message.Body)) {
				if wanted[way] {
					found[way] = true
				}
				if id := way[strings.LastIndex(way, " ")+1:]; wanted[way] && !strings.Contains(message.GetKeys(), id) {
					failure = fmt.Errorf("the trace of %s is not found by it", id)
				}
			}
		}
		return consumer.ConsumeSuccess, nil
	})
	if err != nil {
		return err
	}
	state := func() (bool, error) {
		lock.Lock()
		defer lock.Unlock()
		return reflect.DeepEqual(wanted, found), failure
	}
	if err := await(func() bool { all, failed := state(); return all || failed != nil }, func() string {
		lock.Lock()
		defer lock.Unlock()
		return fmt.Sprintf("%d traces, %d were found", len(wanted), len(found))
	}); err != nil {
		return err
	}
	_, err = state()
	return err
}

// tracesIn gives "what group id" of each trace that succeeded.
func tracesIn(body string) []string {
	var found []string
	for _, line := range strings.Split(body, "\x02") {
		fields := strings.Split(line, "\x01")
		switch {
		case fields[0] == "Pub" && len(fields) >= 14 && fields[13] == "true":
			found = append(found, "Pub "+fields[3]+" "+fields[5])
		case fields[0] == "SubBefore" && len(fields) >= 6:
			found = append(found, "SubBefore "+fields[3]+" "+fields[5])
		case fields[0] == "SubAfter" && len(fields) >= 9 && fields[4] == "true":
			found = append(found, "SubAfter "+fields[8]+" "+fields[2])
		}
	}
	return found
}
