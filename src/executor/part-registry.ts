import type { DeferredFragment } from '../operation/deferred-fragments.ts';
import type { CompiledFragments } from './compiled-fragments.ts';
import { type DeliveredPart, type FragmentInstance, type ListInstance, objectPath } from './delivered-parts.ts';
import type { ResponsePath } from './errors.ts';
import type { FoundPlaces, FragmentPlace, ListPlace } from './fragment-places.ts';
import type { PendingFragment } from './payload.ts';
import type { InitialCounts } from './streamed-lists.ts';

/** The deferred fragments and streamed lists of one result that have been found, and which of them are still open. */
export class PartRegistry {
  private readonly fragments: CompiledFragments;
  /** By the node of the document and the path. */
  private readonly instances = new Map<object, Map<string, FragmentInstance>>();
  private readonly openParts = new Set<DeliveredPart>();
  private readonly hidden = new Set<FragmentInstance>();
  private readonly fresh: PendingFragment[] = [];
  private readonly firstItems: InitialCounts | undefined;
  private count = 0;

  constructor(fragments: CompiledFragments, firstItems: InitialCounts | undefined) {
    this.fragments = fragments;
    this.firstItems = firstItems;
  }

  /** The parts that something is still to be delivered of. Those that are found meanwhile are iterated over, too. */
  get open(): ReadonlySet<DeliveredPart> {
    return this.openParts;
  }

  /** Adds what was found in data that is being delivered. */
  add({ places, lists }: FoundPlaces): void {
    for (const place of places) {
      const instances = new Set(this.fragments.of(place.set).map((fragment) => this.instanceOf(fragment, place)));
      for (const { places: known } of instances) known.push(place);
    }
    for (const list of lists) this.addList(list);
  }

  /** Returns the instance that a fragment is a copy of. */
  private instanceOf(fragment: DeferredFragment, { path, run }: FragmentPlace): FragmentInstance {
    const at = objectPath(path, fragment.depth);
    const known = this.instanceAt(fragment, at);
    if (known) {
      known.copies.add(fragment);
      return known;
    }
    const pending = { id: this.nextId(), label: fragment.label, path: at, isList: false };
    const copies = new Set([fragment]);
    const made: FragmentInstance = { kind: 'fragment', copies, pending, run, places: [], state: 'hidden' };
    const byPath = this.instances.get(fragment.node) ?? new Map<string, FragmentInstance>();
    this.instances.set(fragment.node, byPath.set(at.join(), made));
    this.hidden.add(made);
    this.openParts.add(made);
    return made;
  }

  private instanceAt({ node }: DeferredFragment, path: ResponsePath): FragmentInstance | undefined {
    return this.instances.get(node)?.get(path.join());
  }

  private addList(place: ListPlace): void {
    const { directive } = place.list;
    const next = this.firstItems?.get(place.list) ?? 0;
    const pending = { id: this.nextId(), label: directive.label, path: place.path, isList: true };
    const made: ListInstance = { kind: 'list', place, pending, next, state: 'announced' };
    this.openParts.add(made);
    this.fresh.push(pending);
  }

  private nextId(): string {
    return String(this.count++);
  }

  /** Announces what was found, except fragments within others that are not complete. Drops those whose parents have failed. */
  announce(): readonly PendingFragment[] {
    const announced = this.fresh.splice(0);
    // what is dropped may be the parent of one that comes before it
    for (let wasDropped = true; wasDropped; ) {
      wasDropped = false;
      for (const instance of this.hidden) {
        const parents = [...instance.copies].map((copy) => this.parentOf(copy, instance.pending.path));
        if (parents.some((parent) => parent === undefined || parent.state === 'complete')) {
          instance.state = 'announced';
          this.hidden.delete(instance);
          announced.push(instance.pending);
        } else if (parents.every((parent) => parent?.state === 'failed')) {
          this.drop(instance);
          wasDropped = true;
        }
      }
    }
    return announced;
  }

  /** Returns the instance of the nearest fragment around a copy that has fields of its own. */
  private parentOf(copy: DeferredFragment, path: ResponsePath): FragmentInstance | undefined {
    for (let { parent } = copy; parent !== undefined; { parent } = parent) {
      const found = this.instanceAt(parent, objectPath(path, parent.depth));
      if (found?.copies.has(parent)) return found;
    }
    return undefined;
  }

  /** Drops an instance that clients do not know. Copies of it may be found within other fragments later. */
  private drop(instance: FragmentInstance): void {
    this.close(instance, 'failed');
    for (const { node } of instance.copies) this.instances.get(node)?.delete(instance.pending.path.join());
  }

  close(part: DeliveredPart, state: 'complete' | 'failed'): void {
    part.state = state;
    this.openParts.delete(part);
    if (part.kind === 'fragment') this.hidden.delete(part);
  }
}
