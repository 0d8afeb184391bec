import { Component, type ComponentChildren, type JSX } from "preact";
import { Empty } from "./block.js";

interface BoundaryProps {
  readonly children: ComponentChildren;
}

/** What cannot be drawn says so, and leaves everything around it as it is. */
export class Boundary extends Component<BoundaryProps, { readonly message?: string }> {
  override state: { readonly message?: string } = {};

  override componentDidCatch(error: unknown): void {
    this.setState({ message: error instanceof Error ? error.message : String(error) });
  }

  override render(): JSX.Element {
    const { message } = this.state;
    if (message === undefined) return <>{this.props.children}</>;
    return (
      <Empty title="This cannot be shown">
        <bdi>{message}</bdi>{" "}
        <button type="button" class="button small" onClick={() => this.setState({})}>
          Try again
        </button>
      </Empty>
    );
  }
}
